"""String, regular expression and conversion functions (developer guide, "String functions", "Regular expressions").

DuckDB's regular expressions are RE2: no look-around and no back-references, which the service has.
"""

from __future__ import annotations

from labcloud.timestream.sql.signatures import read_table

TABLE = read_table(r"""
    chr(bigint) varchar : chr(CAST({0} AS INTEGER))
    codepoint(varchar) integer : unicode({0})
    hamming_distance(varchar, varchar) bigint : hamming({0}, {1})
    levenshtein_distance(varchar, varchar) bigint : ts_worth(strlen({0}) * strlen({1}), levenshtein({0}, {1}))
    length(varchar) bigint : length({0})
    lower(varchar) varchar : lower({0})
    upper(varchar) varchar : upper({0})
    lpad(varchar, bigint, varchar) varchar : list_transform([struct_pack(x := {0}, n := ts_padded({1}), y := {2})], lambda a: ts_worth(a.n, lpad(a.x, CAST(a.n AS INTEGER), a.y)))[1]
    rpad(varchar, bigint, varchar) varchar : list_transform([struct_pack(x := {0}, n := ts_padded({1}), y := {2})], lambda a: ts_worth(a.n, rpad(a.x, CAST(a.n AS INTEGER), a.y)))[1]
    ltrim(varchar) varchar : ltrim({0})
    rtrim(varchar) varchar : rtrim({0})
    trim(varchar) varchar : trim({0})
    replace(varchar, varchar) varchar : replace({0}, {1}, '')
    replace(varchar, varchar, varchar) varchar : list_transform([struct_pack(x := {0}, y := {1}, z := {2})], lambda a: ts_worth(ts_replaced(a.x, a.y, a.z), replace(a.x, a.y, a.z)))[1]
    reverse(varchar) varchar : reverse({0})
    split(varchar, varchar) array(varchar) : string_split({0}, {1})
    split(varchar, varchar, bigint) array(varchar) : ts_split({0}, {1}, {2})
    split_part(varchar, varchar, bigint) varchar : ts_split_part({0}, {1}, {2})
    starts_with(varchar, varchar) boolean : starts_with({0}, {1})
    strpos(varchar, varchar) bigint : instr({0}, {1})
    strrpos(varchar, varchar) bigint : ts_strrpos({0}, {1})
    substr(varchar, bigint) varchar : ts_substr({0}, {1})
    substr(varchar, bigint, bigint) varchar : substr(ts_substr({0}, {1}), 1, {2})
    substring(varchar, bigint) varchar : ts_substr({0}, {1})
    substring(varchar, bigint, bigint) varchar : substr(ts_substr({0}, {1}), 1, {2})
    regexp_like(varchar, varchar) boolean : regexp_matches({0}, {1})
    regexp_extract(varchar, varchar) varchar : ts_regexp_extract({0}, {1})
    regexp_extract(varchar, varchar, bigint) varchar : ts_regexp_group({0}, {1}, {2})
    regexp_extract_all(varchar, varchar) array(varchar) : regexp_extract_all({0}, {1})
    regexp_extract_all(varchar, varchar, bigint) array(varchar) : ts_regexp_groups({0}, {1}, {2})
    regexp_replace(varchar, varchar) varchar : regexp_replace({0}, {1}, '', 'g')
    regexp_replace(varchar, varchar, varchar) varchar : list_transform([struct_pack(x := {0}, y := {1}, z := {2})], lambda a: ts_worth(ts_replaced(a.x, '', a.z), ts_regexp_replace(a.x, a.y, a.z)))[1]
    regexp_split(varchar, varchar) array(varchar) : regexp_split_to_array({0}, {1})
""")
