"""Time-series functions (developer guide, "Time-series functions"). filter and reduce with lambdas: special.py.

Derivatives are stamped with the later of the two points. A point to be interpolated outside the series is NULL.
"""

from __future__ import annotations

from labcloud.timestream.sql.signatures import read_table

AGGREGATES = read_table("""
    create_time_series(timestamp, T) timeseries(T) : ts_series(list(struct_pack(time := {0}, value := {1}) ORDER BY {0}){f})
""")

TABLE = read_table("""
    interpolate_linear(timeseries(double), array(timestamp)) timeseries(double) : ts_worth(len({0}) * len({1}) // 4, ts_linear({0}, {1}))
    interpolate_linear(timeseries(double), timestamp) double : ts_linear({0}, [{1}])[1].value
    interpolate_spline_cubic(timeseries(double), array(timestamp)) timeseries(double) : ts_worth(len({0}) * len({1}) // 4, ts_spline({0}, {1}))
    interpolate_spline_cubic(timeseries(double), timestamp) double : ts_spline({0}, [{1}])[1].value
    interpolate_locf(timeseries(T), array(timestamp)) timeseries(T) : ts_worth(len({0}) * len({1}) // 4, ts_locf({0}, {1}))
    interpolate_locf(timeseries(T), timestamp) T : ts_locf({0}, [{1}])[1].value
    interpolate_fill(timeseries(T), array(timestamp), T) timeseries(T) : ts_worth(len({0}) * len({1}) // 4, ts_fill({0}, {1}, {2}))
    interpolate_fill(timeseries(T), timestamp, T) T : ts_fill({0}, [{1}], {2})[1].value
    derivative_linear(timeseries(double), interval day to second) timeseries(double) : ts_derivative({0}, {1})
    non_negative_derivative_linear(timeseries(double), interval day to second) timeseries(double) : list_filter(ts_derivative({0}, {1}), lambda p: p.value >= 0)
    integral_trapezoidal(timeseries(double)) double : ts_integral({0}, 1000000000)
    integral_trapezoidal(timeseries(double), interval day to second) double : ts_integral({0}, {1})
    correlate_pearson(timeseries(double), timeseries(double)) double : ts_pearson({0}, {1})
    correlate_spearman(timeseries(double), timeseries(double)) double : ts_worth(len({0}) * len({1}) // 2, ts_spearman({0}, {1}))
""")
