"""A store with a directory: acknowledged records survive the end of the process at any moment."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from labcloud.clock import ManualClock
from labcloud.timestream import Timestream
from labcloud.timestream.errors import DamagedState
from tests.timestream.conftest import NOW_S, Lab

WRITER = """
import os, sys
from pathlib import Path
from labcloud.clock import ManualClock
from labcloud.timestream import Timestream
from tests.timestream.conftest import Lab
clock = ManualClock({now})
lab = Lab(Timestream(clock, lambda: "x:1", Path(sys.argv[1])), clock)
lab.make_table()
for call in range({calls}):
    lab.write(*[lab.record(call, ago_s=call * 100 + i) for i in range(100)])
lab.write(lab.record(-1, ago_s=0, Version=2))
os.write(1, b"acknowledged")
os.read(0, 1)
"""


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[list[Timestream]]:
    timestreams: list[Timestream] = []
    yield timestreams
    for timestream in timestreams:
        timestream.close()


def open_lab(directory: Path, opened: list[Timestream]) -> Lab:
    clock = ManualClock(NOW_S)
    opened.append(Timestream(clock, lambda: "x:1", directory))
    return Lab(opened[-1], clock)


@pytest.mark.parametrize("name", ["catalog.json", "journal-1.log", "rows.duckdb"])
def test_a_damaged_file_is_named_and_nothing_is_lost_by_asking(
    tmp_path: Path, opened: list[Timestream], name: str
) -> None:
    lab = open_lab(tmp_path / "first", opened)
    lab.make_table()
    lab.write(lab.record("21.5"))
    shutil.copytree(tmp_path / "first", tmp_path / "killed")
    [file] = (tmp_path / "killed").rglob(name)
    whole = file.read_bytes()
    file.write_bytes(whole[:-7] + b"damaged" if name.endswith(".log") else b"damaged" + whole[7:])
    again = open_lab(tmp_path / "killed", opened)
    for _ in range(2):
        with pytest.raises(DamagedState, match=r"The state in .*killed.* is damaged .*`lab reset-cloud`"):
            again.write(again.record("22.5", ago_s=5))
    file.write_bytes(whole)
    assert again.rows("SELECT count(*) FROM house.readings") == [["1"]]


def test_everything_is_there_after_closing_and_opening(tmp_path: Path, opened: list[Timestream]) -> None:
    lab = open_lab(tmp_path, opened)
    lab.make_table(Tags=[{"Key": "course", "Value": "iot"}])
    lab.write(lab.record("21.5"), lab.record("3", MeasureName="n", MeasureValueType="BIGINT"))
    before = lab.call("DescribeTable", DatabaseName="house", TableName="readings")
    lab.timestream.close()
    again = open_lab(tmp_path, opened)
    assert again.call("DescribeTable", DatabaseName="house", TableName="readings") == before
    assert again.call("ListTagsForResource", ResourceARN=before["Table"]["Arn"])["Tags"]
    assert again.rows("SELECT measure_name FROM house.readings ORDER BY 1") == [["n"], ["temperature"]]
    with pytest.raises(Exception, match="rejected"):
        again.write(again.record("22.5"))
    again.write(again.record("22.5", Version=2))
    assert again.rows("SELECT measure_value::double FROM house.readings WHERE measure_name = 'temperature'") == [
        ["22.5"]
    ]


@pytest.mark.parametrize("calls", [3, 60], ids=["only in the journal", "partly in DuckDB"])
def test_acknowledged_records_survive_kill_9(tmp_path: Path, opened: list[Timestream], calls: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER.format(now=NOW_S, calls=calls), str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert process.stdout is not None and process.stdin is not None
    try:
        assert process.stdout.read(12) == b"acknowledged"
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdin.close()
        process.stdout.close()
    lab = open_lab(tmp_path, opened)
    assert lab.rows("SELECT count(*), min(measure_value::double) FROM house.readings") == [[str(calls * 100), "-1.0"]]
    lab.timestream.close()
    again = open_lab(tmp_path, opened)
    assert again.rows("SELECT count(*) FROM house.readings") == [[str(calls * 100)]]


def journal_of(directory: Path) -> Path:
    return next(directory.rglob("journal-*.log"))


def test_a_record_cut_off_by_the_crash_was_never_acknowledged(tmp_path: Path, opened: list[Timestream]) -> None:
    lab = open_lab(tmp_path, opened)
    lab.make_table()
    lab.write(lab.record("1", ago_s=1))
    whole = journal_of(tmp_path).read_bytes()
    lab.write(lab.record("2"))
    both = journal_of(tmp_path).read_bytes()
    lab.timestream.close()
    journal_of(tmp_path).write_bytes(both[: len(whole) + 20].replace(b"s1", b"s2"))
    with pytest.raises(DamagedState, match="is damaged .DamagedLog: the record at byte"):
        open_lab(tmp_path, opened).rows("SELECT count(*) FROM house.readings")
    journal_of(tmp_path).write_bytes(both[: len(whole) + 20])
    assert open_lab(tmp_path, opened).rows("SELECT count(*) FROM house.readings") == [["2"]]


def test_a_deleted_table_does_not_come_back(tmp_path: Path, opened: list[Timestream]) -> None:
    lab = open_lab(tmp_path, opened)
    lab.make_table()
    lab.write(lab.record("1"))
    lab.call("DeleteTable", DatabaseName="house", TableName="readings")
    lab.timestream.close()
    again = open_lab(tmp_path, opened)
    again.call("CreateTable", DatabaseName="house", TableName="readings")
    assert again.rows("SELECT count(*) FROM house.readings") == [["0"]]
