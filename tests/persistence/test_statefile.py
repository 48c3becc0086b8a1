"""The file: rows survive, versions and damage are told in one clear sentence, a folder has one process."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from labcloud.persistence.statefile import StateError, StateFile

VERSIONS = {"moto": "5.2.5"}


@pytest.fixture
def opened(tmp_path):
    files = []

    def reopen(versions=VERSIONS) -> StateFile:
        while files:
            files.pop().close()
        files.append(StateFile(tmp_path, versions))
        return files[0]

    yield reopen
    for file in files:
        file.close()


def test_rows_are_read_in_the_order_of_their_keys(opened):
    opened().write([("a", "2", b"two"), ("a", "1", b"one"), ("b", "1", b"other")])
    assert list(opened().read("a")) == [("1", b"one"), ("2", b"two")]


def test_a_row_without_a_value_goes_and_the_last_value_stays(opened):
    file = opened()
    file.write([("a", "1", b"one"), ("a", "2", b"two")])
    file.write([("a", "1", None)])
    file.write([("a", "2", b"new")])
    assert list(opened().read("a")) == [("2", b"new")]


def test_a_write_that_fails_leaves_nothing_behind(opened):
    file = opened()
    with pytest.raises(ValueError, match="unmarshallable"):
        file.write([("a", "1", b"one"), ("a", "2", object())])
    file.write([("a", "3", b"three")])
    assert list(opened().read("a")) == [("3", b"three")]


def test_spaces_are_found_by_their_beginning_and_dropped(opened):
    file = opened()
    file.write([("part/a", "1", b""), ("part/b", "1", b""), ("pasta", "1", b"")])
    assert sorted(file.spaces("part/")) == ["part/a", "part/b"]
    file.drop("part/a")
    assert file.spaces("part/") == ["part/b"]


def test_a_checkpoint_keeps_everything(opened):
    file = opened()
    file.write([("a", "1", b"one")])
    file.checkpoint()
    assert list(opened().read("a")) == [("1", b"one")]


def test_a_state_of_another_moto_is_refused_with_the_remedy(opened):
    opened()
    with pytest.raises(StateError, match=r"written with moto 5\.2\.5; this cloud has moto 6\.0.*lab reset-cloud"):
        opened({"moto": "6.0"})
    opened()


def test_a_second_process_is_refused(tmp_path, opened):
    opened()
    with pytest.raises(StateError, match="Another local cloud uses .*lab down"):
        StateFile(tmp_path, VERSIONS)


@pytest.mark.parametrize("damage", ["beginning", "middle", "cut"])
def test_a_damaged_file_is_refused_with_the_remedy(tmp_path: Path, damage):
    file = StateFile(tmp_path, VERSIONS)
    file.write([("a", str(number), b"x" * 1000) for number in range(100)])
    file.close()
    path = tmp_path / "state.sqlite"
    content = path.read_bytes()
    middle = len(content) // 2
    spoilt = {
        "beginning": b"nonsense" * 100 + content[800:],
        "middle": content[:middle] + b"\xff" * 5000 + content[middle + 5000 :],
        "cut": content[:middle],
    }
    path.write_bytes(spoilt[damage])
    with pytest.raises(StateError, match="is damaged: .*lab reset-cloud"):
        StateFile(tmp_path, VERSIONS)


def written_and_killed(folder: Path, file: StateFile) -> Path:
    """A copy of a folder as a killed process leaves it; its log."""
    shutil.copytree(folder, copy := folder.with_name(f"{folder.name}-killed"))
    [log] = copy.glob("*.log")
    assert log.stat().st_size
    return log


def test_the_log_of_a_killed_process_is_taken_in(tmp_path, opened):
    file = opened()
    file.write([("a", "1", b"one"), ("a", "2", b"two")])
    file.write([("a", "1", None)])
    log = written_and_killed(tmp_path, file)
    again = StateFile(log.parent, VERSIONS)
    assert list(again.read("a")) == [("2", b"two")]
    again.close()


@pytest.mark.parametrize("cut", [1, 5, 11, 13, 30])
def test_a_record_that_was_cut_off_counts_for_nothing(tmp_path, opened, cut):
    file = opened()
    file.write([("a", "1", b"one")])
    whole = file.log_size
    file.write([("a", "2", b"x" * 50)])
    log = written_and_killed(tmp_path, file)
    log.write_bytes(log.read_bytes()[: whole + cut])
    again = StateFile(log.parent, VERSIONS)
    assert list(again.read("a")) == [("1", b"one")]
    again.close()


def test_a_record_that_was_changed_is_damage(tmp_path, opened):
    file = opened()
    file.write([("a", "1", b"one")])
    file.write([("a", "2", b"two")])
    log = written_and_killed(tmp_path, file)
    content = bytearray(log.read_bytes())
    content[20] ^= 1
    log.write_bytes(content)
    with pytest.raises(StateError, match="is damaged: the record at byte 12 .*lab reset-cloud"):
        StateFile(log.parent, VERSIONS)


def test_writers_and_checkpoints_at_the_same_time_lose_nothing(opened):
    file = opened()

    def work(name: str) -> None:
        for number in range(200):
            file.write([(name, f"{number:03d}", b"x")])
            if number % 20 == 0:
                file.checkpoint()

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    file = opened()
    assert [len(list(file.read(name))) for name in "abc"] == [200, 200, 200]


def test_of_a_row_that_changed_often_the_last_state_is_taken_in(opened):
    file = opened()
    for number in range(5):
        file.write([("s", "often", b"%d" % number), ("s", "gone", b"x")])
    file.write([("s", "gone", None), ("s", "back", None)])
    file.write([("s", "back", b"again")])
    file.checkpoint()
    assert list(file.read("s")) == [("back", b"again"), ("often", b"4")]
