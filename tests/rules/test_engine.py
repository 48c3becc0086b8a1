"""Rules: what fires, what is planned, what is refused when a rule is created."""

from __future__ import annotations

import json

import pytest

from labcloud.api import Scope
from labcloud.errors import AwsError, Refused
from labcloud.iotsql import Environment, Message
from labcloud.rules.compile import compile_rule
from labcloud.rules.dispatcher import Dispatcher
from labcloud.rules.engine import Engine
from labcloud.trace import Trace

HERE = Scope("123456789012", "eu-west-1")
ROLE = "arn:aws:iam::123456789012:role/iot_role"
TABLE = {"dynamoDBv2": {"roleArn": ROLE, "putItem": {"tableName": "Temperature"}}}
NOW_MS = 1_750_000_000_000


def rule(sql, *actions, name="hot", error=None, disabled=False, version="2016-03-23"):
    payload = {
        "sql": sql,
        "actions": list(actions),
        "errorAction": error,
        "awsIotSqlVersion": version,
        "ruleDisabled": disabled,
    }
    return compile_rule(name, HERE.arn("iot", f"rule/{name}"), payload)


class World:
    """Engine, dispatcher and ports that remember; `forbidden` are actions that the role may not do."""

    def __init__(self, *rules, forbidden=(), broken=()):
        self.trace = Trace()
        self.sent = []
        self.forbidden, self.broken = forbidden, broken
        self.engine = Engine(lambda scope: Environment(scope.account_id, scope.region), lambda: NOW_MS, self.tell)
        self.engine.load(HERE, rules)
        self.dispatcher = Dispatcher(self.engine, self, self, self.tell)

    def tell(self, scope, trace_id, step, *arguments):
        self.trace.add(trace_id, step.text, arguments, step.facts)

    def publish(self, topic, payload):
        self.trace.begin("m", topic, NOW_MS / 1000)
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        message = Message(topic, body, NOW_MS, client_id="house", trace_id="m")
        for matching in self.engine.matching(HERE, message):
            self.dispatcher.run_rule(HERE, matching, message)
        return [step["text"] for step in self.trace.of("m")["steps"]]

    def require(self, role_arn, service, action, resource, context):
        if action in self.forbidden:
            raise Refused(f"role iot_role lacks {action} on {resource}", f"not authorized to perform: {action}", action)

    def put_item(self, scope, table, item):
        if table in self.broken:
            raise AwsError("Requested resource not found", code="ResourceNotFoundException")
        self.sent.append(("put_item", table, item))

    def write_records(self, scope, database, table, records):
        self.sent.append(("write_records", database, table, records))

    def invoke_function(self, scope, function_arn, payload, source_arn):
        self.sent.append(("invoke", function_arn, payload, source_arn))

    def publish_again(self, scope, topic, payload, qos, trace_id, headers):
        self.sent.append(("publish", topic, payload, qos))


def ports_publish(world):
    """The port is called `publish`, as the bench's own verb is."""
    bench = world.publish

    def publish(first, second, *rest):
        return world.publish_again(first, second, *rest) if rest else bench(first, second)

    world.publish = publish
    return world


def test_a_hot_reading_becomes_an_item_with_typed_columns():
    world = World(rule("SELECT * FROM 'sensor/temperature/+' WHERE temperature >= 40", TABLE))
    steps = world.publish("sensor/temperature/temp_1", {"id": "x", "temperature": 45.5, "zone_id": 1})
    item = {"id": {"S": "x"}, "temperature": {"N": "45.5"}, "zone_id": {"N": "1"}}
    assert world.sent == [("put_item", "Temperature", item)]
    assert steps == ["rule hot matched", "rule hot: PutItem into table Temperature done"]


def test_the_trace_says_why_a_rule_did_nothing():
    world = World(rule("SELECT * FROM 'sensor/temperature/+' WHERE temperature >= 40", TABLE))
    [text] = world.publish("sensor/temperature/temp_1", {"temperature": 39.9})
    assert text.startswith("rule hot matched the topic but did nothing: ")
    assert "39.9" in text
    [text] = world.publish("sensor/humidity/temp_1", {"temperature": 45})
    assert text == "rule hot did not match: its FROM 'sensor/temperature/+' does not cover sensor/humidity/temp_1"
    assert world.sent == []


def test_without_the_permission_nothing_is_written_and_the_trace_names_it():
    world = World(rule("SELECT * FROM 't'", TABLE), forbidden={"dynamodb:PutItem"})
    steps = world.publish("t", {"id": "x"})
    table = HERE.arn("dynamodb", "table/Temperature")
    assert world.sent == []
    assert steps[-1] == (
        f"rule hot: PutItem into table Temperature refused: role iot_role lacks dynamodb:PutItem on {table}"
    )
    assert world.trace.of("m")["steps"][-1]["missing"] == "dynamodb:PutItem"


def test_timestream_gets_one_record_for_each_member_with_the_type_of_its_value():
    action = {
        "timestream": {
            "roleArn": ROLE,
            "databaseName": "iot",
            "tableName": "temperaturesensor",
            "dimensions": [{"name": "zone_id", "value": "${zone_id}"}],
            "timestamp": {"value": "${timestamp()}", "unit": "MILLISECONDS"},
        }
    }
    world = World(rule("SELECT * FROM 't'", action))
    world.publish("t", {"id": "x", "temperature": 21.0, "fraction": 21.5, "zone_id": 2, "nothing": None})
    [(_, database, table, records)] = world.sent
    assert (database, table) == ("iot", "temperaturesensor")
    assert [(r["MeasureName"], r["MeasureValue"], r["MeasureValueType"]) for r in records] == [
        ("id", "x", "VARCHAR"),
        ("temperature", "21", "BIGINT"),
        ("fraction", "21.5", "DOUBLE"),
        ("zone_id", "2", "BIGINT"),
    ]
    assert {(r["Time"], r["TimeUnit"]) for r in records} == {(str(NOW_MS), "MILLISECONDS")}
    assert records[0]["Dimensions"] == [{"Name": "zone_id", "Value": "2"}]


def test_lambda_needs_no_role_and_names_the_rule_as_source():
    world = World(rule("SELECT temperature FROM 't'", {"lambda": {"functionArn": "arn:f"}}))
    world.publish("t", {"temperature": 1})
    assert world.sent == [("invoke", "arn:f", b'{"temperature":1}', HERE.arn("iot", "rule/hot"))]


def test_republish_fills_its_topic_in_and_writes_reserved_topics_with_two_dollars():
    plain = {"republish": {"roleArn": ROLE, "topic": "copy/${topic(1)}", "qos": 1}}
    reserved = {"republish": {"roleArn": ROLE, "topic": "$$aws/things/x/shadow/update"}}
    world = ports_publish(World(rule("SELECT * FROM 'a/b'", plain, reserved)))
    world.publish("a/b", {"v": 1})
    assert [(sent[1], sent[3]) for sent in world.sent] == [("copy/a", 1), ("$aws/things/x/shadow/update", 0)]


def test_the_error_action_gets_every_failure_with_the_original_payload():
    error = {"lambda": {"functionArn": "arn:errors"}}
    world = World(rule("SELECT * FROM 't'", TABLE, error=error), broken={"Temperature"})
    world.publish("t", {"id": "x"})
    [(_, function, payload, _)] = world.sent
    message = json.loads(payload)
    assert function == "arn:errors"
    assert (message["ruleName"], message["topic"], message["clientId"]) == ("hot", "t", "house")
    assert message["base64OriginalPayload"] == "eyJpZCI6ICJ4In0="
    [failure] = message["failures"]
    assert failure["failedResource"] == "Temperature"
    assert "Requested resource not found" in failure["errorMessage"]


def test_a_disabled_rule_does_not_fire():
    world = World(rule("SELECT * FROM 't'", TABLE, disabled=True))
    assert world.publish("t", {"id": "x"}) == ["rule hot is disabled"]


def test_basic_ingest_reaches_only_the_rule_that_it_names():
    world = World(rule("SELECT topic() AS t FROM 'x'", TABLE, name="a"), rule("SELECT * FROM '#'", TABLE, name="b"))
    world.publish("$aws/rules/a/x/y", {"id": "x"})
    assert world.sent == [("put_item", "Temperature", {"t": {"S": "x/y"}})]
    assert "no enabled rule c" in world.publish("$aws/rules/c/x", {})[0]


@pytest.mark.parametrize(
    ("sql", "action", "code", "text"),
    [
        ("SELEC * FROM 't'", TABLE, "SqlParseException", "SELEC"),
        ("SELECT nonsense(1) FROM 't'", TABLE, "SqlParseException", "nonsense"),
        (
            "SET @room = 1 SELECT * FROM 't'",
            {"republish": {"topic": "x/${@roof}", "roleArn": ROLE}},
            "SqlParseException",
            "line 1, column 5: the statement does not set the variable @roof",
        ),
        (
            "SELECT * FROM 't'",
            {"kafka": {"topic": "x"}},
            "NotImplementedException",
            "does not serve the rule action kafka",
        ),
        ("SELECT aws_lambda('a', x) FROM 't'", TABLE, "NotImplementedException", "SQL function aws_lambda"),
        ("SELECT * FROM 't'", {"dynamoDBv2": {"roleArn": ROLE}}, "InvalidRequestException", "putItem.tableName"),
        ("SELECT * FROM 't'", {**TABLE, "lambda": {}}, "InvalidRequestException", "exactly one target"),
        (
            "SELECT * FROM 't'",
            {"lambda": {"functionArn": "a", "batch": True}},
            "NotImplementedException",
            "does not serve batch",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_when_the_rule_is_created(sql, action, code, text):
    with pytest.raises(AwsError, match=text) as refused:
        rule(sql, action)
    assert refused.value.code == code
