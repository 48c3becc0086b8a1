"""One documented case of IoT SQL: a dict with a statement, a message, and what must come out of them. Pure.

Keys: sql, payload (or payload_raw, payload_hex, payload_text), topic, version, expected; and where needed
expected_undefined, expected_text, tolerance, pattern, range, expect_no_action, rule_matches, expect_error, template,
engine (clock, client, …), mqtt5, rule_name, precondition. Numbers are compared by value.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from .errors import FunctionFailed, SqlParseError
from .jsontext import from_outside, to_json
from .message import Environment, Message
from .statement import Outcome, Statement, compile_statement
from .template import compile_template
from .topics import BASIC_INGEST, topic_matches
from .values import UNDEFINED, Value, equal

ACCOUNT_ID = "123456789012"
DEFAULT_TIME_MS = 1481825251155
DEFAULT_TRACE_ID = "12345678-1234-1234-1234-123456789012"


def evaluate_case(case: dict[str, Any]) -> tuple[bool, str]:
    """Runs one case: whether it passed, and what came out."""
    try:
        statement = compile_statement(case["sql"], case.get("version") or "2015-10-08")
        message, environment = _message(case), _environment(case)
        if "template" in case:
            return _template_case(case, statement, message, environment)
        outcome = _outcome(case, statement, message, environment)
    except SqlParseError as error:
        return bool(case.get("expect_error")), f"refused: {error.problem} (line {error.line}, column {error.column})"
    except FunctionFailed as error:
        return bool(case.get("expect_no_action") or case.get("expect_error")), f"the rule's execution failed: {error}"
    if isinstance(outcome, str):
        return bool(case.get("expect_no_action")), outcome
    if not outcome.fired:
        return bool(case.get("expect_no_action")), f"no action: {outcome.reason}"
    got = outcome.payload.decode("utf-8", "backslashreplace")
    return not case.get("expect_no_action") and not case.get("expect_error") and _as_expected(case, outcome), got


def _template_case(case: dict[str, Any], statement: Statement, message: Message, env: Environment) -> tuple[bool, str]:
    template = compile_template(case["template"], case.get("version") or "2015-10-08")
    outcome = statement.evaluate(message, env)
    text = template.render(message, env, outcome.variables)
    if "pattern" in case:
        return re.search(case["pattern"], text) is not None, text
    expected = case.get("expected")
    return text == ("" if expected is None else str(expected)), text


def _outcome(case: dict[str, Any], statement: Statement, message: Message, environment: Environment) -> Outcome | str:
    """The outcome, or why the statement never saw the message."""
    topic = message.topic
    if topic.startswith(BASIC_INGEST):
        rule_name = case.get("rule_name")
        if rule_name is not None and topic.split("/")[2] != rule_name:
            return f"the topic is the Basic Ingest of rule {topic.split('/')[2]}"
    elif statement.topic_filter is not None and not topic_matches(statement.topic_filter, topic):
        return f"the topic {topic} does not match {statement.topic_filter}"
    return statement.evaluate(message, environment)


def _message(case: dict[str, Any]) -> Message:
    engine, mqtt5 = _plain_names(case.get("engine")), _plain_names(case.get("mqtt5"))
    protocol = str(engine.get("protocol") or "mqtt").lower()
    correlation = mqtt5.get("correlationdata")
    if "correlationdatahex" in mqtt5:
        correlation = bytes.fromhex(mqtt5["correlationdatahex"])
    indicator = mqtt5.get("formatindicator", mqtt5.get("payloadformatindicator"))
    return Message(
        topic=case.get("topic") or "",
        payload=_payload(case),
        timestamp_ms=int(engine.get("timestampms", engine.get("timestamp", DEFAULT_TIME_MS))),
        client_id=engine.get("clientid"),
        principal=engine.get("principal"),
        source_ip=engine.get("sourceip"),
        trace_id=engine.get("traceid", DEFAULT_TRACE_ID),
        protocol="mqtt" if protocol.startswith("mqtt") else protocol,
        content_type=mqtt5.get("contenttype"),
        response_topic=mqtt5.get("responsetopic"),
        correlation_data=correlation.encode() if isinstance(correlation, str) else correlation,
        format_indicator=None if indicator is None else int(indicator in (1, True, "UTF8_DATA")),
        user_properties=tuple((key, value) for key, value in mqtt5.get("userproperties", ())),
    )


def _plain_names(settings: dict[str, Any] | None) -> dict[str, Any]:
    """The settings by names without case and underscores: client_id, clientId and clientid are one."""
    return {name.lower().replace("_", ""): value for name, value in (settings or {}).items()}


def _payload(case: dict[str, Any]) -> bytes:
    if "payload_hex" in case:
        return bytes.fromhex(case["payload_hex"])
    for key in ("payload_raw", "payload_text"):
        if key in case:
            return str(case[key]).encode()
    payload = case.get("payload")
    return b"" if payload is None else to_json(_exact(payload)).encode()


def _environment(case: dict[str, Any]) -> Environment:
    """Without neighbours: every external function fails, as the preconditions of such cases say."""
    engine = _plain_names(case.get("engine"))
    environment = Environment(account_id=str(engine.get("accountid", ACCOUNT_ID)))
    if "random" in engine:
        environment.random = lambda: float(engine["random"])
    if "uuid" in engine:
        environment.new_uuid = lambda: str(engine["uuid"])
    return environment


def _exact(value: Any) -> Value:
    """A value of the file with Decimals, whole or not as it is written."""
    return from_outside(value, whole_numbers_are_ints=False)


def _as_expected(case: dict[str, Any], outcome: Outcome) -> bool:
    if case.get("expected_undefined"):
        return outcome.value == (case.get("expected") or {}) or outcome.value is UNDEFINED
    if "expected_text" in case and outcome.payload.decode("utf-8", "replace") != case["expected_text"]:
        return False
    if "pattern" in case or "range" in case:
        return all(_is_in_bounds(case, name, value) for name, value in _results(outcome.value))
    if "expected" not in case:
        return "expected_text" in case
    expected = case["expected"]
    if outcome.value is UNDEFINED:
        return expected in (None, "")
    if type(outcome.value) is bytes:
        return outcome.value == (_payload(case) if expected is None else str(expected).encode())
    return _close(_exact(expected), outcome.value, Decimal(str(case.get("tolerance", 0))))


def _results(value: Value) -> list[tuple[str, Value]]:
    return list(value.items()) if type(value) is dict and value else [("", value)]


def _is_in_bounds(case: dict[str, Any], name: str, value: Value) -> bool:
    """Whether a member matches the pattern and lies in the range; either may be given for one member by its name."""
    pattern, bounds = (_of_member(case.get(key), name) for key in ("pattern", "range"))
    if pattern is not None and (type(value) is not str or re.search(pattern, value) is None):
        return False
    if bounds is None:
        return True
    low, high = (bounds["min"], bounds["max"]) if isinstance(bounds, dict) else bounds
    return type(value) in (int, Decimal) and Decimal(str(low)) <= value <= Decimal(str(high))


def _of_member(given: Any, name: str) -> Any:
    return given[name] if isinstance(given, dict) and name in given else given


def _close(expected: Value, value: Value, tolerance: Decimal) -> bool:
    if type(expected) is dict and type(value) is dict:
        return expected.keys() == value.keys() and all(_close(expected[key], value[key], tolerance) for key in expected)
    if type(expected) is list and type(value) is list:
        return len(expected) == len(value) and all(
            _close(want, got, tolerance) for want, got in zip(expected, value, strict=True)
        )
    if type(expected) in (int, Decimal) and type(value) in (int, Decimal):
        return abs(Decimal(expected) - Decimal(value)) <= tolerance * max(Decimal(1), abs(Decimal(expected)))
    return value is not UNDEFINED and equal(expected, value)


def expectation(case: dict[str, Any]) -> str:
    """What a case wants, in words."""
    if case.get("expect_error"):
        return "the statement is refused"
    if case.get("expect_no_action"):
        return "no action"
    if "expected_text" in case:
        return str(case["expected_text"])
    bounds = [f"{key} {case[key]}" for key in ("pattern", "range") if key in case]
    return " and ".join(bounds) or to_json(_exact(case.get("expected")))
