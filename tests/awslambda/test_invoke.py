from __future__ import annotations

import base64
import json
import re

import pytest

from labcloud.awslambda import LambdaRuntime
from labcloud.awslambda.errors import InvalidRequestContent, InvalidRuntime, RequestTooLarge
from tests.awslambda.conftest import Log, function_of


def test_the_handlers_value_comes_back_as_json(runtime: LambdaRuntime) -> None:
    echo = function_of("def handler(event, context): return {'got': event, 'name': 'Zoë'}", runtime="python3.13")
    result = runtime.invoke(echo, b'{"zone": 1}')
    assert result.payload == '{"got": {"zone": 1}, "name": "Zoë"}'.encode()
    assert (result.function_error, result.status, result.executed_version) == (None, 200, "$LATEST")


def test_older_runtimes_escape_what_is_not_ascii(runtime: LambdaRuntime) -> None:
    result = runtime.invoke(function_of("def handler(event, context): return 'ë'", runtime="python3.11"), b"{}")
    assert result.payload == b'"\\u00eb"'


def test_an_empty_payload_is_an_empty_object(runtime: LambdaRuntime) -> None:
    assert runtime.invoke(function_of("def handler(event, context): return event"), b"").payload == b"{}"


def test_a_handler_may_stand_in_a_nested_module(runtime: LambdaRuntime) -> None:
    nested = {"pkg/__init__.py": "", "pkg/mod.py": "def fn(event, context): return __name__"}
    assert runtime.invoke(function_of(nested, handler="pkg/mod.fn"), b"{}").payload == b'"pkg.mod"'
    assert runtime.invoke(function_of(nested, handler="pkg.mod.fn"), b"{}").payload == b'"pkg.mod"'


def test_the_context_describes_function_and_invocation(runtime: LambdaRuntime) -> None:
    function = function_of(
        """
        def handler(event, c):
            return {
                "id": c.aws_request_id, "name": c.function_name, "version": c.function_version,
                "arn": c.invoked_function_arn, "memory": c.memory_limit_in_mb, "group": c.log_group_name,
                "stream": c.log_stream_name, "left": c.get_remaining_time_in_millis(),
                "custom": c.client_context.custom, "who": c.identity.cognito_identity_id,
            }
        """,
        timeout_s=7,
    )
    sent = base64.b64encode(b'{"custom": {"a": 1}}').decode()
    result = runtime.invoke(function, b"{}", client_context=sent)
    context = json.loads(result.payload)
    left, stream = context.pop("left"), context.pop("stream")
    assert context == {
        "id": result.request_id,
        "name": function.name,
        "version": "$LATEST",
        "arn": function.arn,
        "memory": "256",
        "group": f"/aws/lambda/{function.name}",
        "custom": {"a": 1},
        "who": None,
    }
    assert 5000 < left <= 7000
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", stream)


def test_prints_and_log_records_stand_between_lambdas_own_lines(runtime: LambdaRuntime, log: Log) -> None:
    function = function_of(
        """
        import logging, sys
        logging.getLogger().setLevel(logging.INFO)
        print("loading")
        def handler(event, context):
            print("one")
            logging.info("first\\nsecond")
            print("to stderr", file=sys.stderr)
        """
    )
    result = runtime.invoke(function, b"{}")
    request_id = result.request_id
    lines = log.of(function)
    assert lines[0].startswith("INIT_START Runtime Version: python:3.11\t")
    assert lines[1:4] == ["loading\n", f"START RequestId: {request_id} Version: $LATEST\n", "one\n"]
    record = next(line for line in lines if "[INFO]" in line)
    assert re.search(rf"\[INFO\]\t\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z\t{request_id}\tfirst\nsecond\n$", record)
    assert lines[-3:-1] == ["to stderr\n", f"END RequestId: {request_id}\n"]
    assert re.fullmatch(
        rf"REPORT RequestId: {request_id}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 256 MB\t"
        r"Max Memory Used: \d+ MB\tInit Duration: [\d.]+ ms\t\n",
        lines[-1],
    )
    assert result.log_tail.decode().endswith(lines[-1])


def test_the_log_tail_holds_the_last_four_kilobytes(runtime: LambdaRuntime) -> None:
    chatty = function_of("def handler(event, context):\n    for i in range(500): print('line', i)")
    tail = runtime.invoke(chatty, b"{}").log_tail
    assert len(tail) == 4096
    assert b"line 499\nEND RequestId" in tail


def test_another_python_than_the_runtimes_is_told_in_the_log(runtime: LambdaRuntime, log: Log) -> None:
    function = function_of("def handler(event, context): pass", runtime="python3.14")
    assert runtime.invoke(function, b"{}").payload == b"null"
    assert log.of(function)[1].startswith("NOTE python3.14 is not installed on this machine: the function runs on")


def test_other_languages_are_refused_by_name(runtime: LambdaRuntime) -> None:
    with pytest.raises(InvalidRuntime, match="functions of python3.8 to python3.14, not of nodejs20.x"):
        runtime.invoke(function_of("", runtime="nodejs20.x"), b"{}")


def test_a_payload_beyond_six_megabytes_is_refused(runtime: LambdaRuntime) -> None:
    function = function_of("def handler(event, context): pass")
    with pytest.raises(RequestTooLarge, match="limit 6291456 bytes"):
        runtime.invoke(function, b'"' + b"x" * 6_291_456 + b'"')
    with pytest.raises(RequestTooLarge, match="limit 1048576 bytes"):
        runtime.invoke_async(function, b'"' + b"x" * 1_048_576 + b'"')


def test_a_payload_that_is_not_json_is_refused(runtime: LambdaRuntime) -> None:
    with pytest.raises(InvalidRequestContent, match="Could not parse request body into json"):
        runtime.invoke(function_of("def handler(event, context): pass"), b"{temperature: 1}")


def test_a_large_response_arrives_and_a_larger_one_is_an_error(runtime: LambdaRuntime) -> None:
    function = function_of("def handler(event, context): return 'x' * event", memory_mb=512)
    assert len(runtime.invoke(function, b"6000000").payload) == 6_000_002
    result = runtime.invoke(function, b"7000000")
    assert json.loads(result.payload) == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    }
    assert runtime.invoke(function, b"1").payload == b'"x"'
