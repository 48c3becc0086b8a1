"""Connects many TLS clients, says so, and holds them until standard input ends."""

from __future__ import annotations

import json
import sys

from benchmarks.load.wire import client_context, connect


def main() -> None:
    asked = json.loads(sys.argv[1])
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    context = client_context(*asked["tls"])
    crowd = [connect(asked["port"], context, f"bench-{number}") for number in range(asked["count"])]
    print(json.dumps({"connected": len(crowd)}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
