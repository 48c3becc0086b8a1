from __future__ import annotations

import json

import pytest

from labcloud.awslambda import LambdaRuntime
from tests.awslambda.conftest import Log, function_of


def test_an_exception_becomes_the_error_document_and_one_log_event(runtime: LambdaRuntime, log: Log) -> None:
    function = function_of(
        """
        def handler(event, context):
            return read(event)

        def read(event):
            return event["temperature"]
        """
    )
    result = runtime.invoke(function, b"{}")
    error = json.loads(result.payload)
    assert result.function_error == "Unhandled"
    assert (error["errorType"], error["errorMessage"]) == ("KeyError", "'temperature'")
    assert error["requestId"] == result.request_id
    assert error["stackTrace"][0].startswith('  File "/var/task/app.py", line 3, in handler\n    return read(event)\n')
    assert len(error["stackTrace"]) == 2
    (event,) = log.own_lines(function)
    assert event.startswith("[ERROR] KeyError: 'temperature'\nTraceback (most recent call last):\n  File \"/var/task/")


def test_the_worker_survives_an_exception(runtime: LambdaRuntime) -> None:
    function = function_of("n = 0\ndef handler(event, context):\n    global n; n += 1\n    return 1 / (n - 1)")
    assert runtime.invoke(function, b"{}").function_error == "Unhandled"
    assert runtime.invoke(function, b"{}").payload == b"1.0"


@pytest.mark.parametrize(
    ("source", "handler", "error_type", "message"),
    [
        pytest.param(
            "import paho.mqtt",
            "app.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'app': No module named 'paho'",
            id="missing package",
        ),
        pytest.param(
            "",
            "other.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'other': No module named 'other'",
            id="missing module",
        ),
        pytest.param(
            "def lambda_handler(): pass",
            "app.handler",
            "Runtime.HandlerNotFound",
            "Handler 'handler' missing on module 'app'",
            id="missing handler",
        ),
        pytest.param(
            "def handler(event, context)\n    pass",
            "app.handler",
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module 'app': expected ':' (app.py, line 1)",
            id="syntax error",
        ),
        pytest.param(
            "",
            "handler",
            "Runtime.MalformedHandlerName",
            "Bad handler 'handler': not enough values to unpack (expected 2, got 1)",
            id="handler without a module",
        ),
        pytest.param(
            "",
            "sys.path.append",
            "Runtime.BuiltInModuleConflict",
            "Cannot use built-in module sys.path as a handler module",
            id="built-in module",
        ),
        pytest.param("", ".handler", "ValueError", "Empty module name", id="handler without a module's name"),
        pytest.param("1 / 0", "app.handler", "ZeroDivisionError", "division by zero", id="error while importing"),
    ],
)
def test_a_failed_start_names_its_cause_as_aws_does(
    runtime: LambdaRuntime, log: Log, source: str, handler: str, error_type: str, message: str
) -> None:
    function = function_of(source, handler=handler)
    result = runtime.invoke(function, b"{}")
    error = json.loads(result.payload)
    assert (error["errorType"], error["errorMessage"]) == (error_type, message)
    assert error["requestId"] == result.request_id
    assert result.function_error == "Unhandled"
    lines = log.of(function)
    assert lines[1].startswith(f"[ERROR] {error_type}: {message}\nTraceback")
    assert lines[2].endswith(f"\tPhase: init\tStatus: error\tError Type: {error_type}\n")
    assert lines[-1].endswith(f"\tStatus: error\tError Type: {error_type}\t\n")


def test_paths_in_messages_read_as_on_aws(runtime: LambdaRuntime) -> None:
    function = function_of({"app.py": "from helper import gone", "helper.py": ""})
    error = json.loads(runtime.invoke(function, b"{}").payload)
    assert error["errorMessage"] == (
        "Unable to import module 'app': cannot import name 'gone' from 'helper' (/var/task/helper.py)"
    )


def test_a_handler_with_one_argument_fails_with_pythons_words(runtime: LambdaRuntime) -> None:
    error = json.loads(runtime.invoke(function_of("def handler(event): pass"), b"{}").payload)
    assert error["errorMessage"] == "handler() takes 1 positional argument but 2 were given"


def test_a_value_that_is_not_json_is_a_marshal_error(runtime: LambdaRuntime) -> None:
    function = function_of("import decimal\ndef handler(event, context): return decimal.Decimal('1.5')")
    error = json.loads(runtime.invoke(function, b"{}").payload)
    assert error["errorType"] == "Runtime.MarshalError"
    assert error["errorMessage"] == "Unable to marshal response: Object of type Decimal is not JSON serializable"


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("sys.exit(3)", "Runtime exited with error: exit status 3"),
        ("sys.exit(0)", "Runtime exited without providing a reason"),
        ("os.kill(os.getpid(), 11)", "Runtime exited with error: signal: segmentation fault"),
    ],
)
def test_a_process_that_ends_is_an_exit_error(runtime: LambdaRuntime, log: Log, statement: str, reason: str) -> None:
    function = function_of(f"import os, sys\ndef handler(event, context):\n    print('last words')\n    {statement}")
    result = runtime.invoke(function, b"{}")
    message = f"RequestId: {result.request_id} Error: {reason}"
    assert json.loads(result.payload) == {"errorType": "Runtime.ExitError", "errorMessage": message}
    assert log.own_lines(function) == ["last words\n", f"{message}\nRuntime.ExitError\n"]


def test_a_function_beyond_its_time_is_killed(runtime: LambdaRuntime, log: Log) -> None:
    function = function_of(
        "import threading\ndef handler(event, context):\n    print('begun')\n    threading.Event().wait(event)",
        timeout_s=1,
    )
    assert runtime.invoke(function, b"0").function_error is None
    result = runtime.invoke(function, b"30")
    assert json.loads(result.payload) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {result.request_id} Error: Task timed out after 1.00 seconds",
    }
    assert result.duration_ms == 1000.0
    begun, told, _, report = log.of(function)[-4:]
    assert begun == "begun\n"
    assert told.endswith(f"Z {result.request_id} Task timed out after 1.00 seconds\n")
    assert report.endswith("\tStatus: timeout\t\n")
    assert runtime.invoke(function, b"0").init_duration_ms is not None


def test_a_function_beyond_its_memory_is_killed(runtime: LambdaRuntime) -> None:
    function = function_of("def handler(event, context): return len(bytearray(event * 1024 * 1024))", memory_mb=128)
    assert runtime.invoke(function, b"20").payload == str(20 * 1024 * 1024).encode()
    result = runtime.invoke(function, b"400")
    assert json.loads(result.payload)["errorMessage"].endswith("Error: Runtime exited with error: signal: killed")
    assert result.max_memory_mb == 128
