"""A provider and its proxy in one box: `python boxed_provider.py PROGRAM SCHEMA SOCKET`, started in Terraform's folder.

Says on its first line what Terraform must know to attach, and serves until the box ends. The schema was read elsewhere; at
each question it is trimmed to what the files of that moment name, and given whole where a name is not known.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

ALIVE_IN_EVERY_BOX = 1
"""Terraform looks every second whether the provider's process lives; its real number means nothing in another box."""


def main(program: Path, schema_file: Path, socket: str) -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from checker.fast.process import start_provider
    from checker.fast.proxy import SchemaProxy
    from checker.fast.runs import read_needs
    from checker.fast.schema import Trimmed, trim_schema, types_in, untrimmed

    folder, schema = Path.cwd(), schema_file.read_bytes()
    types = types_in(schema)

    def answer() -> Trimmed:
        needs = read_needs(folder)
        return untrimmed(schema) if needs.obstacle_with(types) else trim_schema(schema, needs.words, needs.blocks())

    provider = start_provider(program, folder, os.environ)
    SchemaProxy(provider.address, f"unix:{socket}", provider.version, answer)
    own = {**provider.reattach, "Addr": {"Network": "unix", "String": socket}, "Pid": ALIVE_IN_EVERY_BOX}
    print(json.dumps(own), flush=True)
    threading.Thread(target=_end_with, args=(provider.process,), daemon=True).start()
    threading.Event().wait()


def _end_with(process: object) -> None:
    process.wait()  # type: ignore[attr-defined]
    os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
