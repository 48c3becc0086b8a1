"""Marks become rows: the state at the moment of writing, all of them before a commit returns, none lost."""

from __future__ import annotations

import threading

import pytest

from labcloud.persistence.keeper import Keeper
from tests.support import wait_until


class Memory:
    """A state file in memory."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], bytes] = {}
        self.transactions = 0
        self.full = False

    def write(self, rows) -> None:
        if self.full:
            raise OSError("no space left")
        self.transactions += 1
        for space, key, value in rows:
            if value is None:
                self.rows.pop((space, key), None)
            else:
                self.rows[space, key] = value

    log_size = 0


@pytest.fixture
def memory() -> Memory:
    return Memory()


def test_a_mark_is_read_when_it_is_written(memory):
    keeper, value = Keeper(memory, list), {"now": b"1"}
    keeper.mark("a", "k", lambda: value["now"])
    value["now"] = b"2"
    keeper.commit()
    assert memory.rows == {("a", "k"): b"2"}


def test_everything_marked_goes_into_one_transaction(memory):
    keeper = Keeper(memory, list)
    for key in "abc":
        keeper.mark("s", key, lambda: b"x")
    keeper.commit(lambda: [("own", "d", b"y")])
    assert (len(memory.rows), memory.transactions) == (4, 1)
    keeper.commit()
    assert memory.transactions == 1


def test_a_mark_is_not_lost_when_the_disk_is_full(memory):
    keeper = Keeper(memory, list)
    keeper.mark("s", "k", lambda: b"x")
    memory.full = True
    with pytest.raises(OSError):
        keeper.commit()
    memory.full = False
    keeper.commit()
    assert memory.rows == {("s", "k"): b"x"}


def test_what_nobody_announces_is_written_in_a_moment_and_at_the_end(memory):
    state = {"value": b"1"}
    keeper = Keeper(memory, lambda: [("own", "k", state["value"])])
    keeper.start()
    wait_until(lambda: memory.rows.get(("own", "k")) == b"1", because="the watcher writes")
    keeper.close()
    state["value"] = b"2"
    keeper.close()
    assert memory.rows == {("own", "k"): b"2"}


def test_of_many_writers_the_last_state_stays(memory):
    keeper, counter, lock = Keeper(memory, list), [0], threading.Lock()

    def work() -> None:
        for _ in range(300):
            with lock:
                counter[0] += 1
            keeper.mark("s", "k", lambda: b"%d" % counter[0])
            keeper.commit()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert memory.rows == {("s", "k"): b"1200"}
