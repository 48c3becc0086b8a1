"""When an alarm goes off, by its threshold, its periods and what it makes of missing data."""

from __future__ import annotations

import pytest

from labcloud.monitoring.evaluation import ALARM, INSUFFICIENT, OK, Watched, judge


def watched(**changes):
    given = {"comparison": "GreaterThanThreshold", "threshold": 40.0, "periods": 3, "datapoints_to_alarm": 3}
    return Watched(**{**given, **changes})


def test_all_periods_must_breach():
    assert judge(watched(), [41, 42, 43], OK)[0] == ALARM
    assert judge(watched(), [41, 39, 43], ALARM)[0] == OK


def test_some_of_the_periods_may_be_enough():
    assert judge(watched(datapoints_to_alarm=2), [41, 39, 43], OK)[0] == ALARM


def test_the_reason_names_the_values_and_the_threshold():
    _, reason = judge(watched(periods=1, datapoints_to_alarm=1), [45.5], OK)
    assert reason == "Threshold Crossed: 1 datapoint [45.5] was greater than the threshold (40)."
    _, reason = judge(watched(periods=1, datapoints_to_alarm=1), [20], ALARM)
    assert reason == "Threshold Crossed: 1 datapoint [20] was not greater than the threshold (40)."


@pytest.mark.parametrize(
    ("missing", "state"),
    [("missing", INSUFFICIENT), ("ignore", ALARM), ("breaching", ALARM), ("notBreaching", OK)],
)
def test_missing_data_is_treated_as_the_alarm_says(missing, state):
    assert judge(watched(missing=missing), [None, None, None], ALARM)[0] == state


@pytest.mark.parametrize(
    ("comparison", "value", "state"),
    [
        ("GreaterThanOrEqualToThreshold", 40, ALARM),
        ("GreaterThanThreshold", 40, OK),
        ("LessThanThreshold", 39, ALARM),
        ("LessThanOrEqualToThreshold", 40, ALARM),
        ("LessThanOrEqualToThreshold", 41, OK),
    ],
)
def test_comparisons(comparison, value, state):
    assert judge(watched(comparison=comparison, periods=1, datapoints_to_alarm=1), [value], OK)[0] == state
