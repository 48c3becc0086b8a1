"""The messages of a turn: what is done at once, what waits, and what is remembered for a crash."""

from __future__ import annotations

import json
import threading

import pytest

from labcloud.api import Scope
from labcloud.errors import AwsError
from labcloud.iotsql import Environment, Message
from labcloud.rules.compile import compile_rule
from labcloud.rules.dispatcher import Dispatcher
from labcloud.rules.engine import Engine
from labcloud.trace import Trace
from tests.support import wait_until

HERE = Scope("123456789012", "eu-west-1")
ROLE = "arn:aws:iam::123456789012:role/iot_role"
TABLE = {"dynamoDBv2": {"roleArn": ROLE, "putItem": {"tableName": "Readings"}}}
AGAIN = {"republish": {"roleArn": ROLE, "topic": "again"}}


def rule(*actions, error=None, name="all"):
    payload = {"sql": "SELECT * FROM '#'", "actions": list(actions), "errorAction": error}
    return compile_rule(name, HERE.arn("iot", f"rule/{name}"), {**payload, "awsIotSqlVersion": "2016-03-23"})


class World:
    """Ports, roles and memory in one; writes down what is done, and in which thread."""

    def __init__(self, *rules):
        self.done: list[tuple[str, str]] = []
        self.waiting: dict[str, list[Message]] = {}
        self.begun: list[int] = []
        self.may_publish = threading.Event()
        self.broken = False
        self.trace = Trace()
        engine = Engine(lambda scope: Environment(scope.account_id, scope.region), lambda: 0, self.tell)
        engine.load(HERE, rules)
        self.dispatcher = Dispatcher(engine, self, self, self.tell)
        self.dispatcher.pending = Memory(self)

    def tell(self, scope, trace_id, step, *arguments):
        self.trace.add(trace_id, step.text, arguments, step.facts)

    def require(self, *asked):
        """Everybody may do everything."""

    def put_item(self, scope, table, item):
        if self.broken:
            raise AwsError("no such table", code="ResourceNotFoundException")
        self.done.append((f"put {item['n']['N']}", threading.current_thread().name))

    def publish(self, scope, topic, payload, *rest):
        assert self.may_publish.wait(10)
        self.done.append((f"publish {json.loads(payload).get('n', '?')}", threading.current_thread().name))

    def begin(self, scope, messages):
        name = str(len(self.begun))
        self.begun.append(len(messages))
        self.waiting[name] = list(messages)
        return name

    def finish(self, name):
        del self.waiting[name]

    def submit(self, *numbers, keep=True):
        messages = [Message("a", json.dumps({"n": n}).encode(), 0, trace_id=str(n)) for n in numbers]
        self.dispatcher.submit(HERE, [(message, keep) for message in messages])


@pytest.fixture
def run():
    worlds = []

    def make(*rules):
        world = World(*rules)
        world.dispatcher.start()
        worlds.append(world)
        return world

    yield make
    for world in worlds:
        world.may_publish.set()
        world.dispatcher.stop()


class Memory:
    """The dispatcher's Pending; the world has a `done` of its own."""

    def __init__(self, world):
        self.begin, self.done = world.begin, world.finish


def names(world):
    return [what for what, _ in world.done]


def test_quick_actions_are_done_before_submit_returns_and_need_no_memory(run):
    world = run(rule(TABLE))
    world.submit(1, 2)
    assert world.done == [("put 1", threading.current_thread().name), ("put 2", threading.current_thread().name)]
    assert world.begun == []


def test_messages_of_a_turn_that_have_to_wait_are_remembered_together_until_all_is_done(run):
    world = run(rule(AGAIN))
    world.submit(1, 2)
    assert world.begun == [2]
    assert len(world.waiting) == 1
    world.may_publish.set()
    wait_until(lambda: not world.waiting, because="the messages are forgotten when their actions are done")
    assert names(world) == ["publish 1", "publish 2"]


def test_qos_0_messages_are_not_remembered(run):
    world = run(rule(AGAIN))
    world.submit(1, keep=False)
    assert world.begun == []


def test_a_quick_action_does_not_overtake_those_that_wait(run):
    world = run(rule(AGAIN, name="first"), rule(TABLE, name="second"))
    world.submit(1, 2)
    world.submit(3)
    assert names(world) == []
    world.may_publish.set()
    assert world.dispatcher.wait_until_idle()
    assert names(world) == ["publish 1", "put 1", "publish 2", "put 2", "publish 3", "put 3"]


def test_when_all_is_done_quick_actions_are_quick_again(run):
    world = run(rule(TABLE, name="a"))
    world.dispatcher.wait_until_idle()
    wait_until(lambda: world.dispatcher._main.idle, because="the thread is idle")
    world.submit(1)
    assert names(world) == ["put 1"]


def test_an_error_action_that_has_to_wait_is_remembered(run):
    world = run(rule(TABLE, error=AGAIN))
    world.broken = True
    world.trace.begin("1", "a", 0)
    world.submit(1)
    assert world.begun == [1]
    world.may_publish.set()
    wait_until(lambda: not world.waiting, because="the error action was done")
    assert names(world) == ["publish ?"]
    texts = [step["text"] for step in world.trace.of("1")["steps"]]
    assert texts == [
        "rule all matched",
        "rule all: PutItem into table Readings failed: ResourceNotFoundException: no such table",
        "rule all: the error action runs",
        "rule all: Republish on again done",
    ]


def test_a_message_that_breaks_us_does_not_cost_the_others_their_rules(run, caplog):
    world = run(rule(TABLE))
    good, bad = Message("a", b'{"n": 1}', 0, trace_id="1"), Message("a", None, 0, trace_id="2")
    world.dispatcher.submit(HERE, [(bad, True), (good, True)])
    assert names(world) == ["put 1"]
    assert "could not be evaluated" in caplog.text
