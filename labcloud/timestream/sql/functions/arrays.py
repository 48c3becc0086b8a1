"""Array functions (developer guide, "Array functions"). concat, zip, filter and the like are in special.py."""

from __future__ import annotations

from labcloud.timestream.sql.signatures import read_table

TABLE = read_table("""
    array_distinct(array(T)) array(T) : ts_worth(len({0}) * len({0}) // 4, ts_distinct({0}))
    array_intersect(array(T), array(T)) array(T) : ts_worth(greatest(len({0}), len({1})) * len({0}) // 4, ts_distinct(ts_keep({0}, {1}, true)))
    array_union(array(T), array(T)) array(T) : ts_worth((len({0}) + len({1})) * (len({0}) + len({1})) // 4, ts_distinct(list_concat({0}, {1})))
    array_except(array(T), array(T)) array(T) : ts_worth(greatest(len({0}), len({1})) * len({0}) // 4, ts_distinct(ts_keep({0}, {1}, false)))
    array_max(array(T)) T : ts_no_nulls({0}, list_max({0}))
    array_min(array(T)) T : ts_no_nulls({0}, list_min({0}))
    array_position(array(T), T) bigint : CAST(CASE WHEN {1} IS NULL THEN NULL ELSE coalesce(list_position({0}, {1}), 0) END AS BIGINT)
    array_remove(array(T), T) array(T) : ts_remove({0}, {1})
    array_sort(array(T)) array(T) : list_sort({0}, 'ASC', 'NULLS LAST')
    arrays_overlap(array(T), array(T)) boolean : list_has_any({0}, {1})
    cardinality(array(T)) bigint : len({0})
    cardinality(timeseries(T)) bigint : len({0})
    contains(array(T), T) boolean : list_contains({0}, {1})
    element_at(array(T), bigint) T : ts_element({0}, {1})
    flatten(array(array(T))) array(T) : flatten({0})
    repeat(T, bigint) array(T) : list_transform([struct_pack(x := {0}, n := ts_copies(CAST({1} AS BIGINT)))], lambda a: ts_worth(a.n * ({W}), list_transform(range(a.n), lambda ignored: a.x)))[1]
    reverse(array(T)) array(T) : list_reverse({0})
    sequence(bigint, bigint) array(bigint) : list_transform([struct_pack(a := {0}, b := {1}, s := CAST(CASE WHEN {0} <= {1} THEN 1 ELSE -1 END AS BIGINT))], lambda q: ts_worth(8 * ts_entries(q.a, q.b, q.s), ts_sequence(q.a, q.b, q.s)))[1]
    sequence(bigint, bigint, bigint) array(bigint) : list_transform([struct_pack(a := {0}, b := {1}, s := CAST({2} AS BIGINT))], lambda q: ts_worth(8 * ts_entries(q.a, q.b, q.s), ts_sequence(q.a, q.b, q.s)))[1]
    sequence(timestamp, timestamp, interval day to second) array(timestamp) : list_transform([struct_pack(a := {0}, b := {1}, s := CAST({2} AS BIGINT))], lambda q: ts_worth(8 * ts_entries(q.a, q.b, q.s), ts_sequence(q.a, q.b, q.s)))[1]
    shuffle(array(T)) array(T) : ts_shuffle({0})
    slice(array(T), bigint, bigint) array(T) : ts_slice({0}, {1}, {2})
""")
