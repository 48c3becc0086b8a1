"""Acknowledged messages, subscriptions and retained messages survive a process that is killed at any moment."""

from __future__ import annotations

import contextlib
import pickle
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labcloud.clock import ManualClock
from labcloud.mqtt import Broker
from labcloud.persistence.log import framed
from labcloud.shell import mqtt_journal
from labcloud.shell.mqtt_journal import MqttJournal, UnreadableState

from .conftest import Strangers
from .peer import ACCOUNT, REGION, AllowAll, Peer


def make_broker(clock: ManualClock) -> Broker:
    return Broker(principals=Strangers(), policies=AllowAll(), now=clock.now)


def come(broker: Broker, client_id: str, *, clean: bool = False) -> tuple[Peer, bool]:
    peer = Peer(broker)
    connack = peer.connect(client_id, clean=clean)
    return peer, bool(connack.body[0])


@pytest.fixture
def crash(clock, tmp_path) -> Callable[[Broker, MqttJournal], tuple[Broker, MqttJournal]]:
    """A new broker from the files as they are now, as after kill -9."""

    def killed(broker: Broker, journal: MqttJournal) -> tuple[Broker, MqttJournal]:
        number = len(list(tmp_path.iterdir()))
        shutil.copytree(journal._folder, tmp_path / f"copy {number}")
        again, reopened = make_broker(clock), MqttJournal(tmp_path / f"copy {number}")
        reopened.open(again)
        return again, reopened

    return killed


@pytest.fixture
def kept(clock, tmp_path) -> tuple[Broker, MqttJournal]:
    broker, journal = make_broker(clock), MqttJournal(tmp_path / "state")
    journal.open(broker)
    return broker, journal


def test_what_was_acknowledged_is_delivered_after_a_crash(kept, crash):
    broker, journal = kept
    display, _ = come(broker, "display")
    display.subscribe("t", "$share/group/s")
    sensor, _ = come(broker, "sensor", clean=True)
    sensor.publish("t", b"acknowledged by the display", 1)
    display.puback(display.messages()[0].packet_id)
    sensor.publish("t", b"in flight", 1)
    display.vanish()
    sensor.publish("t", b"waiting", 1)
    sensor.publish("s", b"shared", 1)
    journal.write(broker)
    broker, journal = crash(broker, journal)
    display, present = come(broker, "display")
    assert present
    assert [message.payload for message in display.messages()] == [b"in flight", b"waiting", b"shared"]
    broker, journal = crash(broker, journal)
    display, _ = come(broker, "display")
    assert len(display.messages()) == 3


def test_subscriptions_and_their_end_survive(kept, crash):
    broker, journal = kept
    display, _ = come(broker, "display")
    display.subscribe("kept", "given/up")
    display.unsubscribe("given/up")
    journal.write(broker)
    broker, _ = crash(broker, journal)
    (session,) = broker.space(ACCOUNT, REGION).sessions.values()
    assert list(session.subscriptions) == ["kept"]


def test_retained_messages_and_their_deletion_survive(kept, crash):
    broker, journal = kept
    sensor, _ = come(broker, "sensor", clean=True)
    sensor.publish("kept", b"1", retain=True)
    sensor.publish("deleted", b"1", retain=True)
    sensor.publish("deleted", b"", retain=True)
    journal.write(broker)
    broker, _ = crash(broker, journal)
    assert list(broker.retained(ACCOUNT, REGION)) == ["kept"]


def test_a_session_that_ended_stays_ended(kept, crash):
    broker, journal = kept
    come(broker, "display")[0].vanish()
    come(broker, "display", clean=True)[0].disconnect()
    journal.write(broker)
    broker, _ = crash(broker, journal)
    assert not come(broker, "display")[1]


def test_the_expiry_runs_from_when_the_client_left_or_from_the_restart(kept, crash, clock):
    broker, journal = kept
    come(broker, "left long ago")[0].vanish()
    come(broker, "still here")
    journal.write(broker)
    clock.advance(3601)
    broker, _ = crash(broker, journal)
    assert not come(broker, "left long ago")[1]
    assert come(broker, "still here")[1]


def test_clients_without_a_session_leave_no_trace(kept):
    broker, _ = kept
    display, _ = come(broker, "display", clean=True)
    display.subscribe("t")
    come(broker, "sensor", clean=True)[0].publish("t", b"x", 1)
    display.vanish()
    assert broker.records == []


def test_a_record_that_was_cut_off_is_ignored(kept, crash):
    broker, journal = kept
    come(broker, "display")[0].subscribe("t")
    journal.write(broker)
    path = journal._journal(journal._generation)
    whole = path.read_bytes()
    sensor, _ = come(broker, "sensor", clean=True)
    sensor.publish("t", b"x", 1)
    journal.write(broker)
    path.write_bytes(path.read_bytes()[:-3])
    assert len(path.read_bytes()) > len(whole)
    broker, _ = crash(broker, journal)
    display, present = come(broker, "display")
    assert present and display.messages() == []


def test_a_long_journal_becomes_a_snapshot(kept, crash, monkeypatch):
    broker, journal = kept
    journal._limit = 2_000
    monkeypatch.setattr(mqtt_journal, "SMALLEST_LIMIT_BYTES", 2_000)
    display, _ = come(broker, "display")
    display.subscribe("t")
    display.vanish()
    sensor, _ = come(broker, "sensor", clean=True)
    for number in range(100):
        sensor.publish("t", b"%d" % number, 1)
        journal.write(broker)
    assert journal._generation > 5
    assert sorted(path.name for path in journal._folder.iterdir()) == [
        f"mqtt.journal.{journal._generation}",
        "mqtt.state",
    ]
    broker, _ = crash(broker, journal)
    got: set[bytes] = set()
    display, _ = come(broker, "display")
    while messages := display.messages():
        got |= {message.payload for message in messages}
        for message in messages:
            display.core.receive(b"\x40\x02" + message.packet_id.to_bytes(2, "big"), 0.0)
    assert got == {b"%d" % number for number in range(100)}


def test_closing_leaves_one_snapshot(kept, crash):
    broker, journal = kept
    come(broker, "display")
    journal.close(broker)
    assert journal._journal(journal._generation).stat().st_size == 0
    assert come(crash(broker, journal)[0], "display")[1]


def test_a_file_that_is_not_a_state_is_named(tmp_path, clock):
    (tmp_path / "mqtt.state").write_bytes(b"something else")
    with pytest.raises(UnreadableState, match="mqtt.state cannot be read .*delete it to start without MQTT sessions"):
        MqttJournal(tmp_path).open(make_broker(clock))


class Harm:
    def __reduce__(self):
        return exec, ("raise SystemExit('the state folder ran a program')",)


def test_a_state_that_would_run_a_program_is_refused(tmp_path, clock):
    (tmp_path / "mqtt.state").write_bytes(pickle.dumps((1, Harm())))
    with pytest.raises(UnreadableState, match=r"mqtt\.state cannot be read \(UnknownKind: builtins\.exec\)"):
        MqttJournal(tmp_path).open(make_broker(clock))


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (framed(pickle.dumps([Harm()])), r"UnknownKind: builtins\.exec"),
        (framed(pickle.dumps([1, 2])), "AttributeError"),
        (framed(b"no pickle"), "UnpicklingError"),
        (framed(pickle.dumps([]))[:-1] + b"!", "DamagedLog: the record at byte 12 of mqtt.journal.1"),
    ],
    ids=["a program", "other data", "no pickle", "a changed byte"],
)
def test_a_journal_that_was_not_written_so_is_refused(kept, record, said, clock):
    broker, journal = kept
    journal._journal(1).write_bytes(record)
    with pytest.raises(UnreadableState, match=rf"mqtt\.journal\.1 cannot be read \({said}.*delete it to start"):
        MqttJournal(journal._folder).open(make_broker(clock))


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, bytes]:
    """A snapshot and a journal with something of everything."""
    folder = tmp_path_factory.mktemp("files")
    broker, journal = make_broker(ManualClock()), MqttJournal(folder)
    journal.open(broker)
    display, _ = come(broker, "display")
    display.subscribe("t", "$share/group/s")
    come(broker, "sensor", clean=True)[0].publish("t", b"kept", 1, retain=True)
    display.vanish()
    journal.close(broker)
    broker, journal = make_broker(ManualClock()), MqttJournal(folder)
    journal.open(broker)
    come(broker, "panel")[0].subscribe("t")
    come(broker, "sensor", clean=True)[0].publish("t", b"waiting", 1)
    journal.write(broker)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@given(st.data())
@settings(max_examples=300, deadline=None, derandomize=True)
def test_a_damaged_file_is_named_or_makes_no_difference(files, data):
    """Whatever a disk or an editor did to one of the files: the broker opens, or says which file it cannot read."""
    name = data.draw(st.sampled_from(sorted(files)))
    content = bytearray(files[name])
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    del content[data.draw(st.integers(0, len(content))) :]
    with tempfile.TemporaryDirectory() as folder:
        for each, whole in {**files, name: bytes(content)}.items():
            Path(folder, each).write_bytes(whole)
        with contextlib.suppress(UnreadableState):
            MqttJournal(Path(folder)).open(make_broker(ManualClock()))


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 130)), max_size=40))
@settings(max_examples=100, deadline=None)
def test_replaying_at_any_moment_loses_nothing_that_was_acknowledged(steps):
    """A model: publish, read, leave, come, crash in any order; the display gets every message at least once."""
    clock = ManualClock()
    broker = make_broker(clock)
    broker.records = []
    state, records = pickle.dumps(broker.snapshot()), []
    display, _ = come(broker, "display")
    display.subscribe("t")
    sensor, _ = come(broker, "sensor", clean=True)
    sent, got, number = set(), set(), 0
    for step, amount in [*steps, (4, 1)]:
        if step == 0:
            for _ in range(amount):
                number += 1
                sensor.publish("t", b"%d" % number, 1, packet_id=number)
                sent.add(b"%d" % number)
        elif step == 1:
            for message in display.messages()[:amount]:
                got.add(message.payload)
                display.core.receive(b"\x40\x02" + message.packet_id.to_bytes(2, "big"), 0.0)
        elif step == 2:
            display.vanish()
        elif step == 3 and display.closed:
            display, _ = come(broker, "display")
        elif step == 4:
            records += broker.records
            broker = make_broker(clock)
            broker.restore(pickle.loads(state), pickle.loads(pickle.dumps(records)))
            broker.records, records = [], records
            display, present = come(broker, "display")
            assert present
            sensor, _ = come(broker, "sensor", clean=True)
    while messages := display.messages():
        got |= {message.payload for message in messages}
        for message in messages:
            display.core.receive(b"\x40\x02" + message.packet_id.to_bytes(2, "big"), 0.0)
    assert sent == got


def test_the_state_folder_is_made(tmp_path: Path, clock):
    MqttJournal(tmp_path / "a" / "b").open(make_broker(clock))
    assert (tmp_path / "a" / "b" / "mqtt.state").exists()
