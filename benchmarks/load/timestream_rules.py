"""Timestream as rule actions use it, without HTTP: records a second in calls of 100, kept on disk as in the cloud."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.load.timestream import records
from labcloud.api import ApiRequest, Caller
from labcloud.clock import LabClock
from labcloud.timestream import Timestream


def main() -> None:
    rows = int(json.loads(sys.argv[1])["rows"])
    with tempfile.TemporaryDirectory() as folder:
        timestream = Timestream(LabClock(), lambda: "", Path(folder))
        caller = Caller("123456789012", "arn:aws:iam::123456789012:root")
        for operation, more in (("CreateDatabase", {}), ("CreateTable", {"TableName": "rows"})):
            request = ApiRequest("timestream-write", operation, {"DatabaseName": "bench", **more}, "eu-west-1", caller)
            timestream.write.operations[operation](request)
        now_ms = int(time.time() * 1000)
        calls = [records(n, 100, rows, now_ms) for n in range(0, rows, 100)]
        began = time.perf_counter()
        for call in calls:
            timestream.write_records("123456789012", "eu-west-1", "bench", "rows", call)
        print(json.dumps({"ingest": rows / (time.perf_counter() - began)}))
        timestream.close()


if __name__ == "__main__":
    main()
