"""What decide() must answer (step 4.1)."""

import pytest
from decision import decide


@pytest.mark.parametrize("mean", [35.01, 36.0, 39.9])
def test_a_warm_zone_is_switched_on(mean):
    assert decide(mean) is True


@pytest.mark.parametrize("mean", [19.99, 18.0, -5.0])
def test_a_cold_zone_is_switched_off(mean):
    assert decide(mean) is False


@pytest.mark.parametrize("mean", [20.01, 27.5, 34.99])
def test_in_between_the_air_conditioner_is_left_as_it_is(mean):
    assert decide(mean) is None


@pytest.mark.parametrize("mean", [20.0, 35.0])
def test_a_mean_on_a_threshold_changes_nothing(mean):
    assert decide(mean) is None
