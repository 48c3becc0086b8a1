"""Whatever the text of a query is, the answer is rows or one of the service's errors."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labcloud.errors import AwsError
from labcloud.timestream import tables_of
from tests.timestream.conftest import Lab

WORDS = """SELECT FROM WHERE GROUP BY HAVING ORDER LIMIT WITH AS ( ) , . * = < > <> + - / % || [ ] -> 1 2.5 'a' 'x' "y" 15m
NULL TRUE x y AND OR NOT IN BETWEEN LIKE IS CASE WHEN THEN ELSE END CAST double bigint varchar array row OVER PARTITION
count avg max bin time now() ago INTERVAL '1' DAY UNNEST CROSS JOIN ON USING VALUES UNION ALL EXCEPT EXISTS DISTINCT
reduce filter ARRAY TIMESTAMP '2022-01-01' house.readings measure_value::double sensor create_time_series EXTRACT year
approx_percentile date_trunc 'day' ; '"""
PIECES = WORDS.split()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_any_order_of_words_is_answered(shared_lab: Lab, pieces: list[str]) -> None:
    sql = "SELECT " + " ".join(pieces)
    try:
        tables_of(sql)
        shared_lab.query(sql)
    except AwsError as error:
        assert error.status < 500


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60))
def test_any_text_is_answered(shared_lab: Lab, text: str) -> None:
    for sql in (text, f"SELECT '{text}'", f'SELECT "{text}"'):
        try:
            shared_lab.query(sql)
        except AwsError as error:
            assert error.status < 500
