"""Any text is a statement or a refusal; any payload has an outcome; nothing else is ever raised."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from labcloud.iotsql import FunctionFailed, SqlParseError, compile_statement, compile_template
from labcloud.iotsql.functions import FUNCTIONS
from labcloud.iotsql.message import Environment, Message
from labcloud.iotsql.statement import Statement
from labcloud.iotsql.template import Template
from tests.iotsql.support import ACCOUNT, V1, V2

WORDS = [
    "SELECT",
    "FROM",
    "WHERE",
    "AS",
    "AND",
    "OR",
    "NOT",
    "IN",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "VALUE",
    "SET",
    "EXISTS",
    "TRUE",
    "NULL",
    "cast",
    "String",
    "a",
    "b.c",
    "@v",
]
SYMBOLS = list("()[]{},.:+-*/%=<>'\"@$;#\\ \n\t") + ["<>", "<=", ">=", "'x'", '"y"', "1", "2.5", "1E5", "'t/#'"]
PIECES = st.sampled_from([*WORDS, *SYMBOLS, *FUNCTIONS])
TEXTS = st.one_of(
    st.text(max_size=60), st.lists(PIECES, max_size=30).map(" ".join), st.lists(PIECES, max_size=30).map("".join)
)
VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8)
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from("abcxyz"), inner, max_size=4)),
    max_leaves=8,
)
LITERALS = st.one_of(
    st.sampled_from(["a", "b", "c", "x", "y", "z", "a.b", "x.y.z", "missing"]),
    st.integers(-5, 10**20).map(str),
    st.floats(-1e9, 1e9, allow_nan=False).map(lambda number: f"{number:.3f}"),
    st.sampled_from(["true", "false", "null", "'abc'", "'12'", "'(a|b)*'", "'yyyy-MM-dd'", "[1, 'a']", "{'k': a}"]),
)
SIMPLE = sorted(name for name, entry in FUNCTIONS.items() if not entry.external and name not in ("encode", "decode"))


def _calls(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    arguments = st.lists(inner, max_size=3).map(", ".join)
    operator = st.sampled_from(["+", "-", "*", "/", "%", "=", "<>", "<", "<=", ">", ">=", "AND", "OR", "IN"])
    return st.one_of(
        st.builds("{}({})".format, st.sampled_from(SIMPLE), arguments),
        st.builds("({} {} {})".format, inner, operator, inner),
        st.builds("(NOT {})".format, inner),
        st.builds("(- {})".format, inner),
        st.builds("cast({} as {})".format, inner, st.sampled_from(["String", "Int", "Double", "Decimal", "Boolean"])),
        st.builds("CASE {} WHEN {} THEN {} ELSE {} END".format, inner, inner, inner, inner),
        st.builds("(SELECT VALUE {} FROM a)".format, inner),
        st.builds("(SELECT {} AS k.l, * FROM x AS y)".format, inner),
        st.builds("(EXISTS (SELECT * FROM b AS q WHERE {}))".format, inner),
        st.builds("[{}, {{'k': {}}}]".format, inner, inner),
        st.builds("get_or_default(get_thing_shadow({}, 'r').a.b, {})".format, inner, inner),
        st.builds("decode(encode({}, 'base64'), 'base64')".format, inner),
    )


EXPRESSIONS = st.recursive(LITERALS, _calls, max_leaves=8)


def _is_refused_or(make: Any, text: str, version: str) -> None:
    try:
        make(text, version)
    except SqlParseError as error:
        assert error.message.startswith(f"line {error.line}, column {error.column}: ")


@settings(max_examples=1000, deadline=None)
@given(TEXTS, st.sampled_from([V1, V2]))
def test_any_text_is_a_statement_or_a_refusal(text, version):
    _is_refused_or(Statement, text, version)
    _is_refused_or(Statement, f"SELECT {text} FROM 't'", version)
    _is_refused_or(Statement, f"SELECT * FROM 't' WHERE {text}", version)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_any_text_is_a_template_or_a_refusal(text):
    _is_refused_or(Template, text, V2)
    _is_refused_or(Template, f"a${{{text}}}b", V2)


@settings(max_examples=600, deadline=None)
@given(EXPRESSIONS, st.dictionaries(st.sampled_from("abcxyz"), VALUES, max_size=5), st.sampled_from([V1, V2]))
def test_any_expression_has_a_value_on_any_payload(expression, payload, version):
    message = Message("a/b/c", json.dumps(payload).encode(), 1497028786123, client_id="c")
    try:
        selected = f"SELECT {expression} AS r, @v.a, *, @v AS s.t FROM 't' WHERE {expression}"
        statement = compile_statement(f"SET @v = {expression} {selected}", version)
        always = compile_statement(f"SELECT {expression} AS r FROM 't'", version)
        template = compile_template(f"${{{expression}}}", version)
    except SqlParseError as error:
        assert version == V1 or "nested" in error.problem or "default of get_or_default" in error.problem
        return
    environment = Environment(ACCOUNT)
    try:
        outcome = statement.evaluate(message, environment)
        assert outcome.reason
        json.loads(always.evaluate(message, environment).payload)
        assert isinstance(template.render(message, environment), str)
    except FunctionFailed as error:
        assert "elements" in str(error)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=60), VALUES.map(lambda value: json.dumps(value).encode())))
def test_any_bytes_may_be_a_payload(payload):
    environment = Environment(ACCOUNT)
    sql = "SELECT *, decode(encode(*, 'base64'), 'base64') AS again FROM 't' WHERE get_or_default(a.b, 5) > 3 OR true"
    for statement in (compile_statement(sql, V2), compile_statement("SELECT * FROM 't'", V1)):
        outcome = statement.evaluate(Message("t", payload, 0), environment)
        assert isinstance(outcome.payload, bytes)
        assert outcome.reason
