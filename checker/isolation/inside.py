"""The first program in a box: hands out sockets that listen in the box, sets the limits, becomes the command.

Started as `python -I -S inside.py CHANNEL PORTS LIMITS N NAME=VALUE… COMMAND…`: a Unix socket's descriptor, `4566,8883`,
`NPROC=512,CORE=0`, and the N variables of the command: whoever chose them must not speak to this program. A socket that was made here belongs to the network namespace of the box, whoever serves it: so the box
has a loopback with exactly these ports and no way out. Standard library only, and little of it: it starts with every box.
"""

from __future__ import annotations

import _socket
import os
import resource
import sys


def main(channel: str, ports: str, limits: str, variables: list[str], command: list[str]) -> int:
    """Prepares the box; returns only if the command cannot be started."""
    listeners = [_listen(int(port)) for port in ports.split(",") if port]
    _allow_what_is_allowed(
        "NOFILE"
    )  # another submission may hold as many on their way as it may open, and the user's count
    handed = b"".join(listener.fileno().to_bytes(4, sys.byteorder) for listener in listeners)
    opened = _socket.socket(fileno=int(channel))
    opened.sendmsg([b"ready"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, handed)] if listeners else [])
    for each in (opened, *listeners):
        each.close()
    for name, _, value in (limit.partition("=") for limit in limits.split(",") if limit):
        _limit(getattr(resource, f"RLIMIT_{name}"), int(value))
    environment = dict(variable.split("=", 1) for variable in variables)
    try:
        os.execvpe(command[0], command, environment)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return 127


def _listen(port: int) -> _socket.socket:
    listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    listener.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(64)
    return listener


def _allow_what_is_allowed(name: str) -> None:
    which = getattr(resource, f"RLIMIT_{name}")
    _, allowed = resource.getrlimit(which)
    resource.setrlimit(which, (allowed, allowed))


def _limit(which: int, value: int) -> None:
    """Never above what is allowed already."""
    _, allowed = resource.getrlimit(which)
    wanted = value if allowed == resource.RLIM_INFINITY else min(value, allowed)
    resource.setrlimit(which, (wanted, wanted))


if __name__ == "__main__":
    count = 5 + int(sys.argv[4])
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[5:count], sys.argv[count:]))
