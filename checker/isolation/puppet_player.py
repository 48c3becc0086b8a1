"""The process in which a stranger's modules run while puppets.py tests them: `python puppet_player.py SOCKET FOLDER`.

Standard library only, one file. Whatever the modules do here, the tests' process sees answers and nothing else.
"""

from __future__ import annotations

import ast
import importlib
import socket
import sys
import time


class Held:
    """An object of the tests: its methods are called over there."""

    def __init__(self, player, number):
        self._player, self._number = player, number

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *arguments, **named: self._player.use(self._number, name, list(arguments), named)


class Player:
    """Answers requests one after the other."""

    def __init__(self, path):
        self._stream = connect(path).makefile("rwb")

    def play(self):
        while line := self._stream.readline():
            what, module, name, *rest = ast.literal_eval(line.decode("utf-8", "surrogatepass"))
            try:
                function = getattr(importlib.import_module(module), name)
                value = (
                    function(*map(self._take, rest[0]), **{k: self._take(v) for k, v in rest[1].items()})
                    if rest
                    else None
                )
                self._send(answer_of(value))
            except BaseException as error:
                self._send(("raise", type(error).__name__, str(error), arguments_of(error)))

    def use(self, number, name, arguments, named):
        self._send(("use", number, name, arguments, named))
        kind, *content = ast.literal_eval(self._stream.readline().decode("utf-8", "surrogatepass"))
        if kind == "raise":
            raise RuntimeError(f"{content[0]}: {content[1]}")
        return self._take(content[0])

    def _take(self, packed):
        kind, value = packed
        return Held(self, value) if kind == "held" else value

    def _send(self, message):
        self._stream.write(repr(message).encode("utf-8", "surrogatepass") + b"\n")
        self._stream.flush()


def answer_of(value):
    """A plain value as it is; of any other only its text."""
    try:
        plain = ast.literal_eval(repr(value))
        return ("value", plain) if type(plain) is type(value) else ("opaque", repr(value))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ("opaque", repr(value))


def arguments_of(error):
    """What the exception was made of, so that the other end shows it as Python would here; None if that is not plain."""
    kind, value = answer_of(error.args)
    return value if kind == "value" else None


def connect(path):
    """The tests' process may still be starting."""
    deadline = time.monotonic() + 20
    while True:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(path)
            return connection
        except OSError:
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


if __name__ == "__main__":
    player = Player(sys.argv[1])
    sys.path.insert(0, sys.argv[2])
    player.play()
