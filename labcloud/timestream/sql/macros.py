"""DuckDB macros behind the function tables; a connection creates one when the first query needs it.

They are scalar SQL without tables, files or volatile failures, so TRY can wrap them: a function fails by casting a
text that begins with FAILURE_MARK, and `run.py` turns that back into the message.
"""

from __future__ import annotations

import re

FAILURE_MARK = "!fail:"

MACROS = (
    # failures and helpers
    f"ts_fail(message) AS CAST('{FAILURE_MARK}' || message AS BIGINT)",
    "ts_too_much() AS ts_fail('Query exceeded the memory limit of this cloud.') = 0",
    "ts_affords(n) AS CASE WHEN n <= 4096 THEN true WHEN n > 16777216 THEN ts_too_much() "
    "ELSE len(list_transform(range(n // 4096), lambda i: nextval('ts_allowance'))) > 0 END",
    "ts_is_small(n) AS CASE WHEN n > 65536 THEN ts_too_much() ELSE true END",
    "ts_worth(n, v) AS CASE WHEN ts_affords(n) THEN v END",
    "ts_small_worth(n, v) AS CASE WHEN ts_is_small(n) THEN v END",
    "ts_mod(x, n) AS ((x % n) + n) % n",
    "ts_floor_div(x, n) AS (x - ts_mod(x, n)) // n",
    "ts_us(x) AS make_timestamp(ts_floor_div(x, 1000))",
    "ts_nine(x) AS lpad(CAST(ts_mod(x, 1000000000) AS VARCHAR), 9, '0')",
    # text
    "ts_split(x, d, n) AS CASE WHEN len(string_split(x, d)) <= n THEN string_split(x, d) ELSE "
    "list_append(list_slice(string_split(x, d), 1, n - 1), "
    "array_to_string(list_slice(string_split(x, d), n, len(string_split(x, d))), d)) END",
    "ts_split_part(x, d, i) AS CASE WHEN i < 1 THEN CAST(ts_fail('Index must be greater than zero') AS VARCHAR) "
    "ELSE list_extract(string_split(x, d), i) END",
    "ts_strrpos(x, y) AS CASE WHEN instr(reverse(x), reverse(y)) = 0 THEN 0 "
    "ELSE length(x) - instr(reverse(x), reverse(y)) - length(y) + 2 END",
    "ts_substr(x, s) AS CASE WHEN s = 0 OR abs(s) > length(x) THEN "
    "CASE WHEN x IS NULL OR s IS NULL THEN NULL ELSE '' END ELSE substr(x, s) END",
    "ts_regexp_extract(x, p) AS CASE WHEN regexp_matches(x, p) THEN regexp_extract(x, p) END",
    "ts_regexp_group(x, p, g) AS CASE WHEN regexp_matches(x, p) THEN regexp_extract(x, p, CAST(g AS INTEGER)) END",
    "ts_regexp_groups(x, p, g) AS regexp_extract_all(x, p, CAST(g AS INTEGER))",
    r"ts_regexp_replace(x, p, r) AS regexp_replace(x, p, regexp_replace(r, '\$(\d)', '\\\1', 'g'), 'g')",
    "ts_to_base(x, b) AS CASE WHEN b NOT BETWEEN 2 AND 36 THEN CAST(ts_fail('Radix must be between 2 and 36') AS VARCHAR)"
    " WHEN x < 0 THEN '-' || lower(to_base(-x, CAST(b AS INTEGER))) ELSE lower(to_base(x, CAST(b AS INTEGER))) END",
    "ts_from_base(x, b) AS list_reduce(list_concat([CAST(0 AS BIGINT)], list_transform(string_split(lower(x), ''), "
    "lambda c: CASE WHEN instr('0123456789abcdefghijklmnopqrstuvwxyz', c) BETWEEN 1 AND b "
    "THEN CAST(instr('0123456789abcdefghijklmnopqrstuvwxyz', c) - 1 AS BIGINT) "
    "ELSE ts_fail('Not a valid base-' || b || ' number: ' || x) END)), lambda a, d: a * b + d)",
    "ts_bit_count(x, bits) AS CAST(CASE WHEN bits >= 64 THEN bit_count(x) "
    "ELSE bit_count(x & ((CAST(1 AS BIGINT) << CAST(bits AS INTEGER)) - 1)) END AS BIGINT)",
    "ts_cbrt(x) AS CASE WHEN pow(round(cbrt(x)), 3) = x THEN round(cbrt(x)) ELSE cbrt(x) END",
    # numbers as Java writes them: https://docs.oracle.com/javase/8/docs/api/java/lang/Double.html#toString-double-
    "ts_digits(s) AS regexp_replace(regexp_replace(replace(regexp_replace(s, 'e.*', ''), '.', ''), '^0+', ''), "
    "'0+$', '')",
    "ts_scientific(s, e) AS ts_digits(s)[1] || '.' || CASE WHEN length(ts_digits(s)) > 1 THEN ts_digits(s)[2:] "
    "ELSE '0' END || 'E' || CAST(e AS VARCHAR)",
    "ts_exponent(s) AS CASE WHEN contains(s, 'e') THEN CAST(regexp_extract(s, 'e(.*)', 1) AS INTEGER) "
    "WHEN starts_with(s, '0.') THEN -1 - (length(s) - 2 - length(ltrim(s[3:], '0'))) ELSE instr(s, '.') - 2 END",
    "ts_double_text(x) AS CASE WHEN isnan(x) THEN 'NaN' WHEN isinf(x) THEN CASE WHEN x < 0 THEN '-Infinity' "
    "ELSE 'Infinity' END WHEN x = 0 OR (abs(x) >= 1e-3 AND abs(x) < 1e7) THEN CAST(x AS VARCHAR) "
    "ELSE CASE WHEN x < 0 THEN '-' ELSE '' END || "
    "ts_scientific(CAST(abs(x) AS VARCHAR), ts_exponent(CAST(abs(x) AS VARCHAR))) END",
    # casts from text
    r"ts_to_bigint(s) AS CASE WHEN regexp_full_match(s, '[+-]?\d+') THEN CAST(s AS BIGINT) "
    "WHEN s IS NULL THEN NULL ELSE ts_fail('Cannot cast ''' || s || ''' to BIGINT') END",
    r"ts_to_integer(s) AS CASE WHEN regexp_full_match(s, '[+-]?\d+') THEN CAST(s AS INTEGER) "
    "WHEN s IS NULL THEN NULL ELSE CAST(ts_fail('Cannot cast ''' || s || ''' to INT') AS INTEGER) END",
    r"ts_to_double(s) AS CASE WHEN regexp_full_match(trim(s), '[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|NaN|"
    "[+-]?Infinity') THEN CAST(trim(s) AS DOUBLE) WHEN s IS NULL THEN NULL "
    "ELSE CAST(ts_fail('Cannot cast ''' || s || ''' to DOUBLE') AS DOUBLE) END",
    "ts_to_boolean(s) AS CASE WHEN lower(s) IN ('true', 't', '1') THEN true WHEN lower(s) IN ('false', 'f', '0') "
    "THEN false WHEN s IS NULL THEN NULL ELSE ts_fail('Cannot cast ''' || s || ''' to BOOLEAN') = 0 END",
    r"ts_parse(s) AS CASE WHEN regexp_full_match(s, '\d{4}-\d{1,2}-\d{1,2}([ T]\d{1,2}:\d{2}(:\d{2}(\.\d{1,9})?)?)?') "
    "THEN epoch_ns(CAST(s AS TIMESTAMP_NS)) WHEN s IS NULL THEN NULL "
    "ELSE ts_fail('Value cannot be cast to timestamp: ' || s) END",
    r"ts_zone(z) AS CASE WHEN z IN ('', 'Z', 'UTC', 'GMT') THEN 0 WHEN regexp_full_match(z, '[+-]\d{2}(:?\d{2})?') "
    "THEN (CASE WHEN z[1] = '-' THEN -1 ELSE 1 END) * (CAST(z[2:3] AS BIGINT) * 3600 + "
    "CAST(coalesce(nullif(replace(z[4:], ':', ''), ''), '0') AS BIGINT) * 60) "
    "ELSE coalesce(map_extract(MAP {'PST': -8, 'PDT': -7, 'MST': -7, 'MDT': -6, 'CST': -6, 'CDT': -5, 'EST': -5, "
    "'EDT': -4, 'BST': 1, 'CET': 1, 'CEST': 2, 'EET': 2, 'EEST': 3, 'JST': 9}, z)[1] * 3600, "
    "ts_fail('Unknown time zone: ' || z)) END * 1000000000",
    r"ts_parse_iso(s) AS CASE WHEN contains(s, 'T') THEN "
    r"ts_parse(replace(regexp_replace(s, '(Z|[+-]\d{2}(:?\d{2})?)$', ''), 'T', ' ')) - "
    r"ts_zone(regexp_extract(s, '(Z|[+-]\d{2}(:?\d{2})?)$')) ELSE ts_parse(s) END",
    "ts_parse_date(s) AS CAST(ts_us(ts_parse(s)) AS DATE)",
    r"ts_parse_time(s) AS ts_parse('1970-01-01 ' || s)",
    # dates and times
    "ts_bin(x, n) AS CASE WHEN n <= 0 THEN ts_fail('The interval of bin must be positive') "
    "ELSE CASE WHEN x >= 0 THEN x - x % n ELSE x - ts_mod(x, n) END END",
    "ts_months(x) AS (year(ts_us(x)) - 1970) * 12 + month(ts_us(x)) - 1",
    "ts_bin_months(x, n) AS epoch_us(TIMESTAMP '1970-01-01 00:00:00' + "
    "to_months(CAST(ts_months(x) - ts_mod(ts_months(x), n) AS INTEGER))) * 1000",
    "ts_add_months(x, n) AS epoch_us(ts_us(x) + to_months(CAST(n AS INTEGER))) * 1000 + ts_mod(x, 1000)",
    "ts_date_add_months(x, n) AS CAST(x + to_months(CAST(n AS INTEGER)) AS DATE)",
    "ts_date_add_days(x, n) AS CASE WHEN n % 86400000000000 = 0 THEN x + CAST(n // 86400000000000 AS INTEGER) "
    "ELSE x + CAST(ts_fail('Cannot add hour, minutes or seconds to a date') AS INTEGER) END",
    "ts_part(x, whole, unit) AS ts_mod(x, whole) // unit",
    "ts_trunc(x, unit) AS epoch_us(date_trunc(unit, ts_us(x))) * 1000",
    "ts_diff_months(a, b) AS CASE WHEN a <= b THEN date_sub('month', ts_us(a), ts_us(b)) "
    "ELSE -date_sub('month', ts_us(b), ts_us(a)) END",
    r"ts_parse_duration(s) AS CASE WHEN regexp_full_match(s, '\s*\d+(\.\d+)?\s*(ns|us|ms|s|m|h|d)\s*') THEN "
    r"CAST(round(CAST(regexp_extract(s, '[\d.]+') AS DECIMAL(38, 9)) * CASE regexp_extract(s, '[a-z]+') "
    "WHEN 'ns' THEN 1 WHEN 'us' THEN 1000 WHEN 'ms' THEN 1000000 WHEN 's' THEN 1000000000 WHEN 'm' THEN 60000000000 "
    "WHEN 'h' THEN 3600000000000 ELSE 86400000000000 END) AS BIGINT) WHEN s IS NULL THEN NULL "
    "ELSE ts_fail('duration is not a valid data duration string: ' || s) END",
    "ts_timestamp_text(x) AS strftime(ts_us(x), '%Y-%m-%d %H:%M:%S.') || ts_nine(x)",
    "ts_time_text(x) AS strftime(ts_us(x), '%H:%M:%S.') || ts_nine(x)",
    "ts_interval_text(x) AS CASE WHEN x < 0 THEN '-' ELSE '' END || CAST(abs(x) // 86400000000000 AS VARCHAR) || ' ' || "
    "ts_time_text(abs(x) % 86400000000000)",
    "ts_months_text(x) AS CASE WHEN x < 0 THEN '-' ELSE '' END || CAST(abs(x) // 12 AS VARCHAR) || '-' || "
    "CAST(abs(x) % 12 AS VARCHAR)",
    # arrays
    "ts_distinct(l) AS list_filter(l, lambda e, i: NOT list_contains(list_transform(l[:i - 1], "
    "lambda o: o IS NOT DISTINCT FROM e), true))",
    "ts_keep(l, other, wanted) AS list_filter(l, lambda e: list_contains(list_transform(other, "
    "lambda o: o IS NOT DISTINCT FROM e), true) = wanted)",
    "ts_no_nulls(l, v) AS CASE WHEN len(list_filter(l, lambda e: e IS NULL)) > 0 THEN NULL ELSE v END",
    "ts_remove(l, v) AS CASE WHEN v IS NULL THEN NULL ELSE list_filter(l, lambda e: e IS DISTINCT FROM v) END",
    "ts_element(l, i) AS CASE WHEN i = 0 THEN l[CAST(ts_fail('SQL array indices start at 1') AS INTEGER)] ELSE l[i] END",
    "ts_subscript(l, i) AS CASE WHEN i = 0 THEN l[CAST(ts_fail('SQL array indices start at 1') AS INTEGER)] "
    "WHEN i < 0 THEN l[CAST(ts_fail('Array subscript is negative: ' || i) AS INTEGER)] "
    "WHEN i > len(l) THEN l[CAST(ts_fail('Array subscript must be less than or equal to array length: ' || i || ' > ' "
    "|| len(l)) AS INTEGER)] ELSE l[i] END",
    "ts_sequence(a, b, s) AS CASE WHEN s = 0 THEN [ts_fail('sequence step must not be zero')] "
    "WHEN (b - a) // s > 1000000 THEN [ts_fail('result of sequence function must not have more than 1000000 entries')] "
    "ELSE generate_series(CAST(a AS BIGINT), CAST(b AS BIGINT), CAST(s AS BIGINT)) END",
    "ts_copies(n) AS CASE WHEN n > 10000 "
    "THEN ts_fail('count argument of repeat function must be less than or equal to 10000') ELSE n END",
    "ts_padded(n) AS CASE WHEN n NOT BETWEEN 0 AND 1000000 "
    "THEN ts_fail('Target length must be in the range [0..1000000]') ELSE n END",
    "ts_entries(a, b, s) AS CASE WHEN s <> 0 AND (b - a) // s BETWEEN 0 AND 1000000 THEN (b - a) // s ELSE 0 END",
    # the most that replacing can make of a text; small results are not paid for, so guesses need not be close
    "ts_replaced(x, y, z) AS CASE WHEN strlen(x) + (strlen(x) + 1) // greatest(strlen(y), 1) * strlen(z) > 65536 "
    "THEN strlen(x) + (strlen(x) + 1) // greatest(strlen(y), 1) * strlen(z) ELSE 0 END",
    "ts_shuffle(l) AS list_transform(list_sort(list_transform(l, lambda e: struct_pack(r := random(), e := e))), "
    "lambda p: p.e)",
    "ts_slice(l, s, n) AS list_slice(l, CASE WHEN s < 0 THEN len(l) + s + 1 ELSE s END, "
    "CASE WHEN s < 0 THEN len(l) + s ELSE s - 1 END + n)",
    # statistics
    "ts_15_digits(x) AS CAST(printf('%.15g', x) AS DOUBLE)",
    "ts_moment(a, v) AS struct_pack(n := a.n + 1, m1 := a.m1 + (v - a.m1) / (a.n + 1), "
    "m2 := a.m2 + (v - a.m1) * ((v - a.m1) / (a.n + 1)) * a.n, m3 := a.m3 + (v - a.m1) * ((v - a.m1) / (a.n + 1)) * a.n "
    "* ((v - a.m1) / (a.n + 1)) * (a.n - 1) - 3 * ((v - a.m1) / (a.n + 1)) * a.m2, v := v)",
    "ts_zero(v) AS struct_pack(n := CAST(0 AS DOUBLE), m1 := CAST(0 AS DOUBLE), m2 := CAST(0 AS DOUBLE), "
    "m3 := CAST(0 AS DOUBLE), v := CAST(v AS DOUBLE))",
    "ts_moments(l) AS list_reduce(list_concat([ts_zero(0)], list_transform(list_filter(l, lambda v: v IS NOT NULL), "
    "lambda v: ts_zero(v))), lambda a, e: ts_moment(a, e.v))",
    "ts_skewness(l) AS list_transform([ts_moments(l)], lambda a: CASE WHEN a.n < 3 THEN NULL "
    "ELSE sqrt(a.n) * a.m3 / pow(a.m2, 1.5) END)[1]",
    "ts_weighted_percentile(l, p) AS list_filter(l, lambda e, i: "
    "list_sum(list_transform(l[:i], lambda o: o.w)) >= p * list_sum(list_transform(l, lambda o: o.w)))[1].x",
    "ts_weighted_percentiles(l, ps) AS list_transform(ps, lambda p: ts_weighted_percentile(l, p))",
    # time series: lists of {time, value} in the order of time
    "ts_series(l) AS CASE WHEN len(list_filter(l, lambda p: p.time IS NULL OR p.value IS NULL)) > 0 THEN "
    "l[:ts_fail('CREATE_TIME_SERIES: time and value must not be null')] ELSE l END",
    "ts_before(l, t) AS list_filter(l, lambda p: p.time <= t)[-1]",
    "ts_after(l, t) AS list_filter(l, lambda p: p.time >= t)[1]",
    "ts_between(a, b, t) AS CASE WHEN a.time = b.time THEN a.value "
    "ELSE a.value + (b.value - a.value) * (CAST(t - a.time AS DOUBLE) / CAST(b.time - a.time AS DOUBLE)) END",
    "ts_linear(l, ts) AS list_transform(ts, lambda t: struct_pack(time := t, "
    "value := ts_between(ts_before(l, t), ts_after(l, t), t)))",
    "ts_locf(l, ts) AS list_transform(ts, lambda t: struct_pack(time := t, value := ts_before(l, t).value))",
    "ts_fill(l, ts, v) AS list_transform(ts, lambda t: struct_pack(time := t, "
    "value := coalesce(list_filter(l, lambda p: p.time = t)[1].value, v)))",
    "ts_derivative(l, unit) AS list_transform(range(2, len(l) + 1), lambda i: struct_pack(time := l[i].time, "
    "value := (l[i].value - l[i - 1].value) / (CAST(l[i].time - l[i - 1].time AS DOUBLE) / unit)))",
    "ts_integral(l, unit) AS coalesce(list_sum(list_transform(range(2, len(l) + 1), lambda i: "
    "(l[i].value + l[i - 1].value) / 2 * (CAST(l[i].time - l[i - 1].time AS DOUBLE) / unit))), CAST(0 AS DOUBLE))",
    "ts_values(l) AS list_transform(l, lambda p: p.value)",
    "ts_cov(x, y, mx, my) AS list_sum(list_transform(range(1, len(x) + 1), lambda i: (x[i] - mx) * (y[i] - my)))",
    "ts_correlation(x, y) AS ts_cov(x, y, list_avg(x), list_avg(y)) / sqrt(ts_cov(x, x, list_avg(x), list_avg(x)) * "
    "ts_cov(y, y, list_avg(y), list_avg(y)))",
    "ts_same_times(a, b, v) AS CASE WHEN list_transform(a, lambda p: p.time) = list_transform(b, lambda p: p.time) "
    "THEN v ELSE CAST(ts_fail('The two time series must have the same timestamps') AS DOUBLE) END",
    "ts_pearson(a, b) AS ts_same_times(a, b, ts_correlation(ts_values(a), ts_values(b)))",
    "ts_ranks(x) AS list_transform(x, lambda v: len(list_filter(x, lambda o: o < v)) + "
    "(len(list_filter(x, lambda o: o = v)) + 1) / CAST(2 AS DOUBLE))",
    "ts_spearman(a, b) AS ts_same_times(a, b, ts_correlation(ts_ranks(ts_values(a)), ts_ranks(ts_values(b))))",
    # natural cubic spline: h distances in seconds, (u, z) the forward sweep, c second derivatives halved
    "ts_h(l, i) AS (CAST(l[i + 1].time - l[i].time AS DOUBLE) / 1e9)",
    "ts_spline_step(l, a, i) AS struct_pack("
    "u := ts_h(l, i) / (2 * (ts_h(l, i - 1) + ts_h(l, i)) - ts_h(l, i - 1) * a[-1].u), "
    "z := (3 * ((l[i + 1].value - l[i].value) / ts_h(l, i) - (l[i].value - l[i - 1].value) / ts_h(l, i - 1)) - "
    "ts_h(l, i - 1) * a[-1].z) / (2 * (ts_h(l, i - 1) + ts_h(l, i)) - ts_h(l, i - 1) * a[-1].u))",
    "ts_spline_forward(l) AS list_reduce(list_concat([struct_pack(i := CAST(0 AS BIGINT), s := "
    "[struct_pack(u := CAST(0 AS DOUBLE), z := CAST(0 AS DOUBLE))])], list_transform(range(2, len(l)), lambda i: "
    "struct_pack(i := i, s := CAST([] AS STRUCT(u DOUBLE, z DOUBLE)[])))), "
    "lambda a, b: struct_pack(i := b.i, s := list_append(a.s, ts_spline_step(l, a.s, b.i)))).s",
    "ts_spline_backward(f) AS list_reverse(list_reduce(list_concat([[CAST(0 AS DOUBLE)]], "
    "list_transform(list_reverse(range(1, len(f) + 1)), lambda i: [CAST(i AS DOUBLE)])), "
    "lambda a, b: list_append(a, f[CAST(b[1] AS BIGINT)].z - f[CAST(b[1] AS BIGINT)].u * a[-1])))",
    "ts_spline_at(l, c, i, t) AS l[i].value + ((l[i + 1].value - l[i].value) / ts_h(l, i) - ts_h(l, i) * "
    "(c[i + 1] + 2 * c[i]) / 3) * ((t - l[i].time) / 1e9) + c[i] * pow((t - l[i].time) / 1e9, 2) + "
    "(c[i + 1] - c[i]) / (3 * ts_h(l, i)) * pow((t - l[i].time) / 1e9, 3)",
    "ts_spline_index(l, t) AS least(len(list_filter(l, lambda p: p.time <= t)), len(l) - 1)",
    "ts_spline_with(l, c, ts) AS list_transform(ts, lambda t: struct_pack(time := t, value := CASE WHEN t < l[1].time "
    "OR t > l[-1].time THEN NULL ELSE ts_spline_at(l, c, ts_spline_index(l, t), t) END))",
    "ts_spline(l, ts) AS CASE WHEN len(l) < 3 THEN ts_linear(l, ts) ELSE "
    "list_transform([struct_pack(c := ts_spline_backward(ts_spline_forward(l)))], "
    "lambda s: ts_spline_with(l, s.c, ts))[1] END",
)
"""Each `name(parameters) AS expression`, a macro only after those it uses."""

_BY_NAME = {definition.partition("(")[0]: definition for definition in MACROS}
_MENTION = re.compile(r"\bts_\w+")


def needed_macros(sql: str, present: set[str]) -> list[str]:
    """The definitions, in order, of the macros that this SQL uses and that are not `present`; adds them there."""
    waiting, new = [sql], set()
    while waiting:
        for name in _MENTION.findall(waiting.pop()):
            if name in _BY_NAME and name not in present:
                present.add(name)
                new.add(name)
                waiting.append(_BY_NAME[name])
    return [definition for name, definition in _BY_NAME.items() if name in new]
