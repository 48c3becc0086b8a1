"""Window functions (developer guide, "Window functions"); aggregates with OVER are in aggregates.py."""

from __future__ import annotations

from labcloud.timestream.sql.signatures import read_table

TABLE = read_table("""
    cume_dist() double : cume_dist(){f}
    dense_rank() bigint : dense_rank(){f}
    ntile(bigint) bigint : ntile({0}){f}
    percent_rank() double : percent_rank(){f}
    rank() bigint : rank(){f}
    row_number() bigint : row_number(){f}
    first_value(T) T : first_value({0}{n}){f}
    last_value(T) T : last_value({0}{n}){f}
    nth_value(T, bigint) T : nth_value({0}, {1}{n}){f}
    lag(T) T : lag({0}{n}){f}
    lag(T, bigint) T : lag({0}, {1}{n}){f}
    lag(T, bigint, T) T : lag({0}, {1}, {2}{n}){f}
    lead(T) T : lead({0}{n}){f}
    lead(T, bigint) T : lead({0}, {1}{n}){f}
    lead(T, bigint, T) T : lead({0}, {1}, {2}{n}){f}
""")
