"""Mathematical and bitwise functions (developer guide, "Mathematical functions", "Bitwise functions")."""

from __future__ import annotations

from labcloud.timestream.sql.signatures import read_table

TABLE = read_table("""
    abs(integer) integer : abs({0})
    abs(bigint) bigint : abs({0})
    abs(double) double : abs({0})
    ceil(bigint) bigint : {0}
    ceil(double) double : ceil({0})
    ceiling(bigint) bigint : {0}
    ceiling(double) double : ceil({0})
    floor(bigint) bigint : {0}
    floor(double) double : floor({0})
    round(bigint) bigint : {0}
    round(double) double : round({0})
    round(bigint, bigint) bigint : CAST(round({0}, CAST({1} AS INTEGER)) AS BIGINT)
    round(double, bigint) double : round({0}, CAST({1} AS INTEGER))
    truncate(double) double : trunc({0})
    sign(bigint) bigint : CAST(sign({0}) AS BIGINT)
    sign(double) double : CASE WHEN isnan({0}) THEN {0} ELSE CAST(sign({0}) AS DOUBLE) END
    mod(integer, integer) integer : ({0} % {1})
    mod(bigint, bigint) bigint : ({0} % {1})
    mod(double, double) double : ({0} % {1})
    cbrt(double) double : ts_cbrt({0})
    sqrt(double) double : sqrt({0})
    pow(double, double) double : pow({0}, {1})
    power(double, double) double : pow({0}, {1})
    exp(double) double : exp({0})
    ln(double) double : ln({0})
    log2(double) double : log2({0})
    log10(double) double : log10({0})
    degrees(double) double : degrees({0})
    radians(double) double : radians({0})
    e() double : exp(CAST(1 AS DOUBLE))
    pi() double : pi()
    infinity() double : CAST('Infinity' AS DOUBLE)
    nan() double : CAST('NaN' AS DOUBLE)
    is_finite(double) boolean : isfinite({0})
    is_infinite(double) boolean : isinf({0})
    is_nan(double) boolean : isnan({0})
    rand() double : random()
    random() double : random()
    rand(bigint) bigint : CAST(floor(random() * {0}) AS BIGINT)
    random(bigint) bigint : CAST(floor(random() * {0}) AS BIGINT)
    to_base(bigint, bigint) varchar : ts_to_base({0}, {1})
    from_base(varchar, bigint) bigint : ts_from_base({0}, {1})
    acos(double) double : acos({0})
    asin(double) double : asin({0})
    atan(double) double : atan({0})
    atan2(double, double) double : atan2({0}, {1})
    cos(double) double : cos({0})
    cosh(double) double : cosh({0})
    sin(double) double : sin({0})
    tan(double) double : tan({0})
    tanh(double) double : tanh({0})
    bit_count(bigint, bigint) bigint : ts_bit_count({0}, {1})
    bitwise_and(bigint, bigint) bigint : ({0} & {1})
    bitwise_or(bigint, bigint) bigint : ({0} | {1})
    bitwise_xor(bigint, bigint) bigint : xor({0}, {1})
    bitwise_not(bigint) bigint : (~{0})
""")
