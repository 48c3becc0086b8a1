"""Date and time functions (developer guide, "Date / time functions"); those with unit or format texts: special.py."""

from __future__ import annotations

from labcloud.timestream.sql.signatures import read_table

DAY = 86_400_000_000_000

_TABLE = f"""
    date(timestamp) date : CAST(ts_us({{0}}) AS DATE)
    date(date) date : {{0}}
    last_day_of_month(timestamp) date : last_day(CAST(ts_us({{0}}) AS DATE))
    last_day_of_month(date) date : last_day({{0}})
    from_iso8601_timestamp(varchar) timestamp : ts_parse_iso({{0}})
    from_iso8601_date(varchar) date : ts_parse_date({{0}})
    to_iso8601(date) varchar : CAST({{0}} AS VARCHAR)
    to_iso8601(timestamp) varchar : (strftime(ts_us({{0}}), '%Y-%m-%dT%H:%M:%S.') || ts_nine({{0}}) || 'Z')
    from_milliseconds(bigint) timestamp : ({{0}} * 1000000)
    from_nanoseconds(bigint) timestamp : {{0}}
    from_unixtime(bigint) timestamp : ({{0}} * 1000000000)
    from_unixtime(double) timestamp : (CAST(round({{0}} * 1000) AS BIGINT) * 1000000)
    to_milliseconds(timestamp) bigint : ts_floor_div({{0}}, 1000000)
    to_milliseconds(interval day to second) bigint : ts_floor_div({{0}}, 1000000)
    to_nanoseconds(timestamp) bigint : {{0}}
    to_nanoseconds(interval day to second) bigint : {{0}}
    to_unixtime(timestamp) double : (CAST({{0}} AS DOUBLE) * 1e-9)
    parse_duration(varchar) interval day to second : ts_parse_duration({{0}})
    bin(timestamp, interval day to second) timestamp : ts_bin({{0}}, {{1}})
    bin(timestamp, interval year to month) timestamp : ts_bin_months({{0}}, {{1}})
    year(timestamp) bigint : year(ts_us({{0}}))
    quarter(timestamp) bigint : quarter(ts_us({{0}}))
    month(timestamp) bigint : month(ts_us({{0}}))
    week(timestamp) bigint : week(ts_us({{0}}))
    week_of_year(timestamp) bigint : week(ts_us({{0}}))
    day(timestamp) bigint : day(ts_us({{0}}))
    day_of_month(timestamp) bigint : day(ts_us({{0}}))
    day_of_week(timestamp) bigint : isodow(ts_us({{0}}))
    dow(timestamp) bigint : isodow(ts_us({{0}}))
    day_of_year(timestamp) bigint : dayofyear(ts_us({{0}}))
    doy(timestamp) bigint : dayofyear(ts_us({{0}}))
    year_of_week(timestamp) bigint : isoyear(ts_us({{0}}))
    yow(timestamp) bigint : isoyear(ts_us({{0}}))
    hour(timestamp) bigint : ts_part({{0}}, {DAY}, 3600000000000)
    minute(timestamp) bigint : ts_part({{0}}, 3600000000000, 60000000000)
    second(timestamp) bigint : ts_part({{0}}, 60000000000, 1000000000)
    millisecond(timestamp) bigint : ts_part({{0}}, 1000000000, 1000000)
    nanosecond(timestamp) bigint : ts_part({{0}}, 1000000000, 1)
    hour(time) bigint : ts_part({{0}}, {DAY}, 3600000000000)
    minute(time) bigint : ts_part({{0}}, 3600000000000, 60000000000)
    second(time) bigint : ts_part({{0}}, 60000000000, 1000000000)
    millisecond(time) bigint : ts_part({{0}}, 1000000000, 1000000)
    day(interval day to second) bigint : ({{0}} // {DAY})
    hour(interval day to second) bigint : ({{0}} % {DAY} // 3600000000000)
    minute(interval day to second) bigint : ({{0}} % 3600000000000 // 60000000000)
    second(interval day to second) bigint : ({{0}} % 60000000000 // 1000000000)
    millisecond(interval day to second) bigint : ({{0}} % 1000000000 // 1000000)
    year(interval year to month) bigint : CAST({{0}} // 12 AS BIGINT)
    month(interval year to month) bigint : CAST({{0}} % 12 AS BIGINT)
    current_timezone() varchar : 'UTC'
"""
TABLE = read_table(_TABLE)

_PARTS = """year quarter month week week_of_year day day_of_month day_of_week dow day_of_year doy year_of_week yow hour
minute second millisecond nanosecond"""
EXTRACT = frozenset(_PARTS.split())
"""What EXTRACT(part FROM value) knows; each is also a function of that name."""
