"""Tests a stranger's modules without importing them: the tests' process holds strings, the modules run elsewhere.

A pytest plugin: LAB_PUPPETS is `SOCKET:decision,readings`. Each module is a puppet whose functions are called over the
socket; plain values go over it, objects of the tests stay here and are used from there. So nothing that the modules do to
their own interpreter changes what the tests find. puppet_player.py is the other end.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import os
import socket
import sys
import types
from collections.abc import Callable
from typing import Any

SETTING = "LAB_PUPPETS"
CONNECT_WITHIN_S = 30.0
ANSWER_WITHIN_S = 20.0
LONGEST_LINE = 1_000_000


class Strings:
    """The connection to the process in which the modules run."""

    def __init__(self, path: str) -> None:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(1)
        listener.settimeout(CONNECT_WITHIN_S)
        self._listener = listener
        self._stream: Any = None
        self._held: list[Any] = []

    def pull(self, *request: Any) -> Any:
        """Sends a request and serves the other side until it answers; raises what it says was raised."""
        self._send(request)
        while True:
            answer = self._receive()
            if answer[0] == "use":
                self._send(self._use(*answer[1:]))
            elif answer[0] == "raise":
                raise _error(str(answer[1]), str(answer[2]), answer[3])
            elif answer[0] == "opaque":
                return Opaque(str(answer[1]))
            else:
                return answer[1]

    def hold(self, value: Any) -> Any:
        """A value as it travels: plain ones as they are, others as a number by which they can be used."""
        with contextlib.suppress(ValueError, SyntaxError, MemoryError, RecursionError):
            if ast.literal_eval(repr(value)) == value:
                return ("plain", value)
        self._held.append(value)
        return ("held", len(self._held) - 1)

    def _use(self, number: int, name: str, arguments: list[Any], named: dict[str, Any]) -> tuple[Any, ...]:
        """Calls a public method of an object of the tests."""
        if not isinstance(name, str) or name.startswith("_") or not 0 <= number < len(self._held):
            return ("raise", "AttributeError", str(name))
        try:
            return ("value", self.hold(getattr(self._held[number], name)(*arguments, **named)))
        except Exception as error:
            return ("raise", type(error).__name__, str(error))

    def _send(self, message: Any) -> None:
        if self._stream is None:
            connection, _ = self._listener.accept()
            connection.settimeout(ANSWER_WITHIN_S)
            self._stream = connection.makefile("rwb")
        self._stream.write(repr(message).encode("utf-8", "surrogatepass") + b"\n")
        self._stream.flush()

    def _receive(self) -> Any:
        line = self._stream.readline(LONGEST_LINE)
        if not line.endswith(b"\n"):
            raise EOFError("the process of the modules ended")
        return ast.literal_eval(line.decode("utf-8", "surrogatepass"))


class Opaque:
    """A value that is no plain one: it equals nothing."""

    def __init__(self, text: str) -> None:
        self._text = text[:200]

    def __repr__(self) -> str:
        return self._text


class Puppet(types.ModuleType):
    """A module whose functions run elsewhere."""

    def __init__(self, name: str, strings: Strings) -> None:
        super().__init__(name)
        self._lab_strings = strings

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)
        strings, module = self._lab_strings, self.__name__
        strings.pull("find", module, name)

        def function(*arguments: Any, **named: Any) -> Any:
            packed = [strings.hold(argument) for argument in arguments]
            return strings.pull(
                "call", module, name, packed, {key: strings.hold(value) for key, value in named.items()}
            )

        function.__name__ = function.__qualname__ = name
        return function


def _error(name: str, text: str, arguments: Any) -> Exception:
    """An exception of the named kind, made of the same arguments: KeyError(2) is not KeyError('2')."""
    kind = getattr(builtins, name, None)
    if isinstance(kind, type) and issubclass(kind, Exception):
        for given in (arguments, (text,)):
            with contextlib.suppress(Exception):
                return kind(*given)
    return type(name if name.isidentifier() else "Error", (Exception,), {})(text)


def pytest_configure(config: Any) -> None:
    """Puts the puppets in the modules' places before any test is read."""
    path, _, modules = os.environ.get(SETTING, "").partition(":")
    strings = Strings(path)
    for name in modules.split(","):
        sys.modules[name] = Puppet(name, strings)
