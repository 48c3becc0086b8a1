#!/usr/bin/env bash
# Packages the function: build/ac_control_lambda.zip, with the handler at its root.
# The same sources always give the same bytes. boto3 is not packed: Lambda brings it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python3 - ac_control_lambda build/ac_control_lambda.zip <<'PYTHON'
import sys
import zipfile
from pathlib import Path

sources, package = map(Path, sys.argv[1:])
package.parent.mkdir(exist_ok=True)
with zipfile.ZipFile(package, "w") as archive:
    for path in sorted(sources.rglob("*.py")):
        name = path.relative_to(sources)
        if name.parts[0] in ("tests", "conftest.py"):
            continue
        entry = zipfile.ZipInfo(name.as_posix(), date_time=(1980, 1, 1, 0, 0, 0))
        entry.external_attr = 0o644 << 16
        archive.writestr(entry, path.read_bytes())
        print(f"packed {name}")
PYTHON

echo "made build/ac_control_lambda.zip"
