"""Aggregate functions (developer guide, "Aggregate functions").

approx_distinct and approx_percentile answer exactly: within every error bound that a query may ask for.
Variances and correlations are rounded to 15 digits: documented results (7.3, 5.84) do not show the last bit's noise.
"""

from __future__ import annotations

from labcloud.timestream.sql.signatures import read_table

TABLE = read_table("""
    count() bigint : count({d}*){f}
    count(T) bigint : count({d}{0}){f}
    count_if(boolean) bigint : CAST(count_if({d}{0}){f} AS BIGINT)
    sum(bigint) bigint : CAST(sum({d}{0}){f} AS BIGINT)
    sum(double) double : sum({d}{0}){f}
    sum(interval day to second) interval day to second : CAST(sum({d}{0}){f} AS BIGINT)
    avg(double) double : avg({d}{0}){f}
    avg(interval day to second) interval day to second : CAST(avg({d}{0}){f} AS BIGINT)
    geometric_mean(double) double : exp(avg({d}ln({0})){f})
    min(T) T : min({d}{0}){f}
    max(T) T : max({d}{0}){f}
    min(T, bigint) array(T) : min({d}{0}, {1}){f}
    max(T, bigint) array(T) : max({d}{0}, {1}){f}
    min_by(T, U) T : arg_min_null({d}{0}, {1}){f}
    max_by(T, U) T : arg_max_null({d}{0}, {1}){f}
    min_by(T, U, bigint) array(T) : arg_min({d}{0}, {1}, {2}){f}
    max_by(T, U, bigint) array(T) : arg_max({d}{0}, {1}, {2}){f}
    arbitrary(T) T : any_value({d}{0}){f}
    any_value(T) T : any_value({d}{0}){f}
    array_agg(T) array(T) : list({d}{0}{o}){f}
    bool_and(boolean) boolean : bool_and({d}{0}){f}
    every(boolean) boolean : bool_and({d}{0}){f}
    bool_or(boolean) boolean : bool_or({d}{0}){f}
    bitwise_and_agg(bigint) bigint : bit_and({d}{0}){f}
    bitwise_or_agg(bigint) bigint : bit_or({d}{0}){f}
    approx_distinct(T) bigint : count(DISTINCT {0}){f}
    approx_distinct(T, double) bigint : count(DISTINCT {0}){f}
    approx_percentile(bigint, double) bigint : quantile_disc({d}{0}, {1}){f}
    approx_percentile(double, double) double : quantile_disc({d}{0}, {1}){f}
    approx_percentile(bigint, array(double)) array(bigint) : quantile_disc({d}{0}, {1}){f}
    approx_percentile(double, array(double)) array(double) : quantile_disc({d}{0}, {1}){f}
    approx_percentile(bigint, bigint, double) bigint : list_transform([struct_pack(l := list(struct_pack(x := {0}, w := {1}) ORDER BY {0}){f}, p := {2})], lambda a: ts_worth(len(a.l) * len(a.l) // 4, ts_weighted_percentile(a.l, a.p)))[1]
    approx_percentile(double, bigint, double) double : list_transform([struct_pack(l := list(struct_pack(x := {0}, w := {1}) ORDER BY {0}){f}, p := {2})], lambda a: ts_worth(len(a.l) * len(a.l) // 4, ts_weighted_percentile(a.l, a.p)))[1]
    approx_percentile(bigint, bigint, double, double) bigint : list_transform([struct_pack(l := list(struct_pack(x := {0}, w := {1}) ORDER BY {0}){f}, p := {2})], lambda a: ts_worth(len(a.l) * len(a.l) // 4, ts_weighted_percentile(a.l, a.p)))[1]
    approx_percentile(double, bigint, double, double) double : list_transform([struct_pack(l := list(struct_pack(x := {0}, w := {1}) ORDER BY {0}){f}, p := {2})], lambda a: ts_worth(len(a.l) * len(a.l) // 4, ts_weighted_percentile(a.l, a.p)))[1]
    approx_percentile(bigint, bigint, array(double)) array(bigint) : list_transform([struct_pack(l := list(struct_pack(x := {0}, w := {1}) ORDER BY {0}){f}, p := {2})], lambda a: ts_worth(len(a.l) * len(a.l) // 4, ts_weighted_percentiles(a.l, a.p)))[1]
    approx_percentile(double, bigint, array(double)) array(double) : list_transform([struct_pack(l := list(struct_pack(x := {0}, w := {1}) ORDER BY {0}){f}, p := {2})], lambda a: ts_worth(len(a.l) * len(a.l) // 4, ts_weighted_percentiles(a.l, a.p)))[1]
    corr(double, double) double : ts_15_digits(corr({d}{0}, {1}){f})
    covar_pop(double, double) double : covar_pop({d}{0}, {1}){f}
    covar_samp(double, double) double : covar_samp({d}{0}, {1}){f}
    regr_intercept(double, double) double : regr_intercept({d}{0}, {1}){f}
    regr_slope(double, double) double : regr_slope({d}{0}, {1}){f}
    skewness(double) double : ts_skewness(list({0}){f})
    stddev(double) double : stddev_samp({d}{0}){f}
    stddev_samp(double) double : stddev_samp({d}{0}){f}
    stddev_pop(double) double : stddev_pop({d}{0}){f}
    variance(double) double : ts_15_digits(var_samp({d}{0}){f})
    var_samp(double) double : ts_15_digits(var_samp({d}{0}){f})
    var_pop(double) double : ts_15_digits(var_pop({d}{0}){f})
""")
