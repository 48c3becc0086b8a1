"""The readings are given complete; these tests show what they do, without AWS."""

import pytest
from readings import last_minute, mean_by_zone


class PagedTimestream:
    """Answers queries with the given pages, one after the other."""

    def __init__(self, *pages):
        self.pages = list(pages)
        self.requests = []

    def query(self, **request):
        self.requests.append(request)
        rows = self.pages.pop(0)
        answer = {"Rows": [{"Data": [{"ScalarValue": zone}, {"ScalarValue": text}]} for zone, text in rows]}
        return answer | ({"NextToken": f"page-{len(self.requests)}"} if self.pages else {})


def test_every_page_is_read_even_after_an_empty_one():
    timestream = PagedTimestream([], [("1", "36.5")], [("2", "18.0"), ("1", "35.5")])

    assert last_minute(timestream, "iot", "temperaturesensor") == [(1, 36.5), (2, 18.0), (1, 35.5)]
    assert [request.get("NextToken") for request in timestream.requests] == [None, "page-1", "page-2"]


def test_the_query_names_the_database_and_the_table():
    timestream = PagedTimestream([])

    last_minute(timestream, "ada_iot", "ada_temperaturesensor")

    assert '"ada_iot"."ada_temperaturesensor"' in timestream.requests[0]["QueryString"]


def test_each_zone_has_its_own_mean():
    assert mean_by_zone([(1, 36.0), (2, 20.0), (1, 38.0)]) == {1: pytest.approx(37.0), 2: pytest.approx(20.0)}


def test_artefacts_do_not_count():
    assert mean_by_zone([(1, 30.0), (1, 40.0), (1, 49.9)]) == {1: pytest.approx(30.0)}


def test_a_zone_without_valid_readings_has_no_mean():
    assert mean_by_zone([(1, 45.0)]) == {}
