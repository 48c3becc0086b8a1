"""The functions that queries may call, and those that DuckDB learns for it. Everything else is refused by name.

Source: Trino documentation, "Functions and operators" (Athena engine version 3).
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from labcloud.athena.errors import QueryFailed

# fmt: off
ALLOWED = frozenset((
        "abs", "acos", "and", "anyvalue", "approxdistinct", "approxquantile", "argmax", "argmin", "array",
        "arrayagg", "arraycontains", "arraydistinct", "arrayfilter", "arraymax", "arraymin", "arrayposition",
        "arrayremove", "arrayreverse", "arraysize", "arrayslice", "arraysort", "arraytostring", "asin", "atan",
        "atan2", "avg", "case", "cast", "cbrt", "ceil", "chr", "coalesce", "concat", "concatws", "corr", "cos",
        "cosh", "count", "countif", "covarpop", "covarsamp", "cumedist", "currentdate", "currenttimestamp", "date",
        "dateadd", "datediff", "datesub", "day", "dayofmonth", "dayofweekiso", "dayofyear", "degrees", "denserank",
        "endswith", "exists", "exp", "extract", "firstvalue", "flatten", "floor", "frombase64",
        "fromiso8601timestamp", "generateseries", "greatest", "groupconcat", "hex", "hour", "if", "initcap",
        "intdiv", "isinf", "isnan", "jsonextract", "jsonextractscalar", "jsonformat", "kurtosis", "lag", "lastday",
        "lastvalue", "lead", "least", "length", "levenshtein", "ln", "log", "logicaland", "logicalor", "lower",
        "map", "mapkeys", "max", "md5digest", "min", "minute", "month", "nthvalue", "ntile", "nullif", "or", "pad",
        "parsejson", "percentrank", "pi", "pow", "quarter", "radians", "rand", "rank", "reduce", "regexpextract",
        "regexpextractall", "regexplike", "regexpreplace", "regexpsplit", "repeat", "replace", "reverse", "round",
        "rownumber", "second", "sha2digest", "sign", "sin", "sinh", "skewness", "split", "splitpart", "sqrt",
        "startswith", "stddev", "stddevpop", "stddevsamp", "strposition", "strtotime", "struct", "substring", "sum",
        "tan", "tanh", "timestamptrunc", "timetostr", "timetounix", "tobase64", "transform", "translate", "trim",
        "trunc", "try", "trycast", "typeof", "unhex", "unixtotime", "unnest", "upper", "variance", "variancepop",
        "weekofyear", "xor", "year", "zip",
))
# fmt: on
"""By sqlglot's class names, in small letters."""

MACROS = {
    "at_timezone": "at_timezone(t, z) AS (t AT TIME ZONE z)",
    "with_timezone": "with_timezone(t, z) AS (t AT TIME ZONE z)",
    "to_iso8601": "to_iso8601(t) AS strftime(t, '%Y-%m-%dT%H:%M:%S.%gZ')",
    "from_iso8601_date": "from_iso8601_date(t) AS CAST(t AS DATE)",
    "map_agg": "map_agg(k, v) AS map(list(k), list(v))",
    "arbitrary": "arbitrary(x) AS any_value(x)",
    "url_extract_host": "url_extract_host(u) AS regexp_extract(u, '^[a-z]+://([^/:?#]+)', 1)",
    "url_extract_path": "url_extract_path(u) AS regexp_extract(u, '^[a-z]+://[^/?#]+([^?#]*)', 1)",
    "geometric_mean": "geometric_mean(x) AS geomean(x)",
    "is_finite": "is_finite(x) AS isfinite(x)",
    "day_of_year": "day_of_year(t) AS dayofyear(t)",
    "year_of_week": "year_of_week(t) AS isoyear(t)",
    "json_parse": "json_parse(t) AS CAST(t AS JSON)",
    "bitwise_and": "bitwise_and(a, b) AS (a & b)",
    "bitwise_or": "bitwise_or(a, b) AS (a | b)",
    "every": "every(x) AS bool_and(x)",
    "map_values": "map_values(m) AS list_transform(map_entries(m), lambda e : e.value)",
    "codepoint": "codepoint(t) AS ascii(t)",
}
"""Trino's functions that sqlglot passes on as they are, as DuckDB macros."""
NATIVE = frozenset(
    ("length", "cardinality", "log2", "log10", "pi", "e", "nan", "infinity", "histogram", "strpos", "typeof")
)


def check_functions(query: Any) -> None:
    """Raises QueryFailed for a function that is not on the lists."""
    for node in query.find_all(exp.Func):
        if isinstance(node, exp.Anonymous):
            name = str(node.this).lower()
            if name not in MACROS and name not in NATIVE:
                raise QueryFailed(
                    f"FUNCTION_NOT_FOUND: Function '{name}' not registered (or not served by the local cloud)"
                )
        elif type(node).__name__.lower() not in ALLOWED:
            name = node.sql_name().lower()
            raise QueryFailed(
                f"FUNCTION_NOT_FOUND: Function '{name}' not registered (or not served by the local cloud)"
            )
