"""The whole schema of a provider's program, read once and kept: `python -m checker.fast.whole_schema PROGRAM FILE`.

It depends on the program alone, so it may be read from a provider that never sees a submission and be given to all of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from checker.curriculum.parts import ROOT
from checker.errors import LabError
from checker.terraform_install import cache_folder

READ_WITHIN_S = 120.0


def kept_schema(program: Path) -> Path:
    """The file with the schema of `program`; made if there is none for this very program."""
    state = program.stat()
    file = cache_folder() / "schemas" / f"{program.name}-{state.st_size}-{state.st_mtime_ns}"
    if not file.is_file():
        command = [sys.executable, "-m", "checker.fast.whole_schema", str(program), str(file)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=READ_WITHIN_S)
        if done.returncode:
            raise LabError(
                f"The provider's schema cannot be read: {done.stderr.strip()[-300:]}", next_step="lab doctor"
            )
    return file


def main(program: Path, file: Path) -> None:
    """Reads and writes in a process of its own, since gRPC and forks do not go together."""
    from checker.fast.process import start_provider
    from checker.fast.proxy import SchemaProxy
    from checker.fast.schema import untrimmed

    file.parent.mkdir(parents=True, exist_ok=True)
    provider = start_provider(program, file.parent, os.environ)
    with tempfile.TemporaryDirectory(prefix="lab-schema-") as folder:
        proxy = SchemaProxy(provider.address, f"unix:{folder}/unused", provider.version, lambda: untrimmed(b""))
        schema = proxy.read_schema()
        proxy.close()
    provider.end()
    unfinished = file.with_name(f"{file.name}.{os.getpid()}")
    unfinished.write_bytes(schema)
    unfinished.replace(file)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
