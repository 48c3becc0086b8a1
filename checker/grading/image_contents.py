"""The last step of an image's building: Terraform, the provider as a mirror, its schema. `python -m … MIRROR`.

A grading in a container has no network and can write nothing but the grades: what it needs must be there before.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from checker.fast.whole_schema import kept_schema
from checker.grading.plugins import install
from checker.grading.station import compile_the_kit, provider_programs
from checker.terraform_install import AWS_PROVIDER, cache_folder, ensure_terraform


def main(mirror: Path) -> None:
    """Fetches what the mirror lacks and makes the rest from it."""
    compile_the_kit()
    if (mirror / AWS_PROVIDER).is_dir():
        os.environ["LAB_TERRAFORM_MIRROR"] = str(mirror)
    terraform = ensure_terraform(say=print)
    for place, folder in install(terraform, print).packages:
        if not (mirror / place).is_dir():
            shutil.copytree(folder, mirror / place)
    for name in ("providers", "unpacked"):
        shutil.rmtree(cache_folder() / name, ignore_errors=True)
    os.environ["LAB_TERRAFORM_MIRROR"] = str(mirror)
    for _, program in provider_programs(install(ensure_terraform(say=print), print).packages):
        if program.stat().st_mtime_ns % 1_000_000_000:
            os.utime(program, (0, 0))
        kept_schema(program)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
