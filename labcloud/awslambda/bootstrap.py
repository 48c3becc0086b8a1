"""The worker: a client of the Lambda Runtime API in plain Python, run as a script in a process of its own.

It starts without a function (boto3 is loaded meanwhile), reads its assignment as one JSON line from standard input,
imports the handler and serves invocations. The end of standard input means that the cloud is gone: then it dies.
Standard library only, and one file, as an isolated Python has no sibling modules to import. Behaviour: AWS Lambda developer guide, "Runtime API" and "Python function handler".
"""

from __future__ import annotations

import _thread
import builtins
import importlib
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
import traceback

PACKAGES_DIRECTORY, CLOCK_DIRECTORY = sys.argv[1], sys.argv[2]
API = "/2018-06-01/runtime"
CLOCK_TOLERANCE_S = 0.005


class Fault(Exception):
    """An error that Lambda names itself, such as Runtime.HandlerNotFound."""

    def __init__(self, error_type, message, stack=()):
        super().__init__(message)
        self.error_type, self.message, self.stack = error_type, message, list(stack)


class Output:
    """The one pipe to the cloud. Python's output and that of child processes arrive in the order of writing.

    A record with line breaks is one log event: its breaks travel as NUL. A mark tells the cloud that everything
    before it has arrived.
    """

    def __init__(self):
        self._descriptor = os.dup(1)
        self._lock = threading.Lock()

    def record(self, text):
        self._write(text.rstrip("\n").replace("\n", "\0") + "\n")

    def mark(self, name):
        self._write(f"\0mark:{name}\0\n")

    def _write(self, text):
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:  # a stream that the function closed or replaced is its own affair
                continue
        data = text.encode("utf-8", "backslashreplace")
        with self._lock:
            while data:
                data = data[os.write(self._descriptor, data) :]


class RuntimeApi:
    """Raw HTTP/1.1 over one connection: what a function patches in http.client or socket does not reach it."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self._host = address
        self._socket = socket.create_connection((host, int(port)))
        self._socket.settimeout(None)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def get(self, path):
        return self._call("GET", path, b"", {})

    def post(self, path, body, headers=None):
        return self._call("POST", path, body, headers or {})

    def _call(self, method, path, body, headers):
        lines = [f"{method} {API}{path} HTTP/1.1", f"Host: {self._host}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._socket.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
        status_line = self._file.readline()
        if not status_line:
            die_with_the_cloud()
        answer = {}
        while (line := self._file.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            answer[name.decode("latin-1").lower()] = value.strip().decode("latin-1")
        return int(status_line.split()[1]), answer, self._file.read(int(answer.get("content-length", 0)))


class LabTime:
    """Lets the function's wall clock follow the lab clock; monotonic clocks and sleeps stay real."""

    def __init__(self):
        self._travel = None
        self._offset_s = 0.0

    def follow(self, offset_s):
        """Called with the lab clock's lead over real time. A lead of zero leaves Python's clock unpatched."""
        if abs(offset_s - self._offset_s) < CLOCK_TOLERANCE_S:
            return
        if self._travel is not None:
            self._travel.stop()
            self._travel = None
        self._offset_s = offset_s
        if offset_s:
            self._travel = load_time_machine().travel(time.time() + offset_s, tick=True)
            self._travel.start()


def load_time_machine():
    """Imports the clock's module from a directory that the function's own imports never see."""
    if "time_machine" not in sys.modules:
        sys.path.insert(0, CLOCK_DIRECTORY)
        try:
            importlib.import_module("time_machine")
        finally:
            sys.path.remove(CLOCK_DIRECTORY)
    return sys.modules["time_machine"]


class CognitoIdentity:
    """`context.identity`: empty unless a mobile SDK invoked the function."""

    def __init__(self, document):
        self.cognito_identity_id = document.get("cognitoIdentityId")
        self.cognito_identity_pool_id = document.get("cognitoIdentityPoolId")


class Client:
    """`context.client_context.client`."""

    def __init__(self, document):
        for name in ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"):
            setattr(self, name, document.get(name))


class ClientContext:
    """`context.client_context`: what the caller sent with the invocation."""

    def __init__(self, document):
        self.custom = document.get("custom")
        self.env = document.get("env")
        self.client = Client(document["client"]) if isinstance(document.get("client"), dict) else None


class LambdaContext:
    """The second argument of a handler; AWS Lambda developer guide, "Python context object"."""

    def __init__(self, headers, monotonic_deadline):
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.invoked_function_arn = headers["lambda-runtime-invoked-function-arn"]
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        client_context = headers.get("lambda-runtime-client-context")
        self.client_context = ClientContext(json.loads(client_context)) if client_context else None
        self.identity = CognitoIdentity(json.loads(headers.get("lambda-runtime-cognito-identity") or "{}"))
        self._monotonic_deadline = monotonic_deadline

    def get_remaining_time_in_millis(self):
        return max(int((self._monotonic_deadline - time.monotonic()) * 1000), 0)

    def log(self, message):
        OUTPUT.record(str(message))


class LogHandler(logging.Handler):
    """The root logger's handler in Lambda: one log event for each record, with the request's id."""

    request_id = ""

    def emit(self, record):
        try:
            OUTPUT.record(self.format(record))
        except Exception:
            self.handleError(record)

    def format(self, record):
        record.aws_request_id = LogHandler.request_id
        return super().format(record)


def set_up_logging():
    handler = LogHandler()
    formatter = logging.Formatter(
        "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S"
    )
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logging.getLogger().addHandler(handler)


def die_with_the_cloud():
    """Nobody listens any more: end this process and every child that the function started."""
    os.killpg(os.getpgrp(), signal.SIGKILL)


def watch_standard_input(descriptor):
    while os.read(descriptor, 4096):
        pass
    die_with_the_cloud()


def preload():
    """Loads boto3 before the function is known, as the first cold start would otherwise wait for it."""
    sys.path.append(PACKAGES_DIRECTORY)
    try:
        importlib.import_module("boto3")
    except ImportError:  # the function's own import reports it
        return


def forget_preloaded(search_path):
    """A boto3 in the function's package or layers wins over the runtime's, so the loaded one is dropped."""
    names = {name.split(".")[0] for name in os.listdir(PACKAGES_DIRECTORY) if not name.endswith(".dist-info")}
    packed = any(
        os.path.exists(os.path.join(directory, name + suffix))
        for directory in search_path
        for name in names
        for suffix in ("", ".py")
    )
    if packed:
        for name in [module for module in sys.modules if module.split(".")[0] in names]:
            del sys.modules[name]


def take_assignment():
    """Reads the assignment and becomes that function's process: environment, folder, memory limit, import path."""
    descriptor = os.dup(0)
    line = b""
    while not line.endswith(b"\n"):
        chunk = os.read(descriptor, 65536)
        if not chunk:
            os._exit(0)
        line += chunk
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    _thread.start_new_thread(watch_standard_input, (descriptor,))
    assignment = json.loads(line)
    os.environ.clear()
    os.environ.update(assignment["environment"])
    time.tzset()
    os.chdir(assignment["task_root"])
    search_path = assignment["search_path"]
    forget_preloaded(search_path)
    sys.path[:0] = search_path
    limit_memory(assignment["memory_bytes"])
    sys.dont_write_bytecode = True
    return assignment


def limit_memory(memory_bytes):
    """Caps the private writable memory. Thread stacks count in full, so they are kept small."""
    import resource

    threading.stack_size(1024 * 1024)
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    except (OSError, ValueError):  # systems without this limit: the cloud watches the resident size
        return


def find_handler(handler):
    """Imports the module of `module.function`; raises Fault with the error type and text of AWS."""
    try:
        module_name, function_name = handler.rsplit(".", 1)
    except ValueError as problem:
        raise Fault("Runtime.MalformedHandlerName", f"Bad handler '{handler}': {problem}") from None
    if module_name.split(".")[0] in sys.builtin_module_names:
        message = f"Cannot use built-in module {module_name} as a handler module"
        raise Fault("Runtime.BuiltInModuleConflict", message)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as problem:
        message = f"Unable to import module '{module_name}': {problem}"
        raise Fault("Runtime.ImportModuleError", message) from None
    except SyntaxError as problem:
        message = f"Syntax error in module '{module_name}': {problem}"
        stack = [f'  File "{problem.filename}" Line {problem.lineno}\n    {problem.text or ""}']
        raise Fault("Runtime.UserCodeSyntaxError", message, stack) from None
    try:
        return getattr(module, function_name)
    except AttributeError:
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise Fault("Runtime.HandlerNotFound", message) from None


def describe_error(problem, request_id=""):
    """The error document of AWS; frames of this file are not part of the function's stack."""
    if isinstance(problem, Fault):
        error_type, message, stack = problem.error_type, problem.message, problem.stack
    else:
        frames = traceback.extract_tb(problem.__traceback__)
        while frames and frames[0].filename == __file__:
            del frames[0]
        error_type, message, stack = type(problem).__name__, str(problem), traceback.format_list(frames)
    stack = [as_on_aws(line) for line in stack]
    message = as_on_aws(message)
    return {"errorMessage": message, "errorType": error_type, "requestId": request_id, "stackTrace": stack}


def as_on_aws(text):
    """Paths in errors read as on AWS: /var/task and /opt instead of this machine's folders."""
    for real, shown in ASSIGNMENT["shown_paths"].items():
        text = text.replace(real, shown)
    return text


def log_error(error):
    lines = [f"[ERROR] {error['errorType']}: {error['errorMessage']}", "Traceback (most recent call last):"]
    OUTPUT.record("\n".join(lines + [line.rstrip("\n") for line in error["stackTrace"]]))


def encode_response(value):
    try:
        return json.dumps(value, ensure_ascii=ASSIGNMENT["ascii_only"]).encode("utf-8")
    except Exception as problem:
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {problem}") from None


def decode_event(body):
    try:
        return json.loads(body)
    except Exception as problem:
        raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {problem}") from None


def serve_one(api, handler, lab_time):
    """Fetches one invocation, runs the handler and posts what came of it."""
    _, headers, body = api.get("/invocation/next")
    lab_time.follow(float(headers.get("lab-clock-offset-s", 0)))
    request_id = headers["lambda-runtime-aws-request-id"]
    context = LambdaContext(headers, time.monotonic() + float(headers["lab-time-left-s"]))
    LogHandler.request_id = request_id
    os.environ["_X_AMZN_TRACE_ID"] = headers.get("lambda-runtime-trace-id", "")
    try:
        answer, path = encode_response(handler(decode_event(body), context)), "response"
    except MemoryError:
        os.kill(os.getpid(), signal.SIGKILL)
    except Exception as problem:
        error = describe_error(problem, request_id)
        log_error(error)
        answer, path = json.dumps(error, ensure_ascii=False).encode("utf-8", "backslashreplace"), "error"
    OUTPUT.mark(request_id)
    error_type = {"Lambda-Runtime-Function-Error-Type": "Unhandled"} if path == "error" else {}
    api.post(f"/invocation/{request_id}/{path}", answer, error_type)


def main():
    preload()
    assignment = take_assignment()
    ASSIGNMENT.update(assignment)
    set_up_logging()
    lab_time = LabTime()
    lab_time.follow(assignment["clock_offset_s"])
    api = RuntimeApi(assignment["environment"]["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler = find_handler(assignment["environment"]["_HANDLER"])
    except MemoryError:
        os.kill(os.getpid(), signal.SIGKILL)
    except Exception as problem:
        error = describe_error(problem)
        log_error(error)
        OUTPUT.mark("init")
        api.post("/init/error", json.dumps(error).encode(), {"Lambda-Runtime-Function-Error-Type": error["errorType"]})
        sys.exit(1)
    OUTPUT.mark("init")
    while True:
        serve_one(api, handler, lab_time)


ASSIGNMENT = {}
OUTPUT = Output()
if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    for helper in ("exit", "quit"):  # Python without its site module lacks them, AWS's has them
        setattr(builtins, helper, sys.exit)
    main()
