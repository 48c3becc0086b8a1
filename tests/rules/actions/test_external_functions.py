"""IoT SQL's external functions in a running cloud: what they read, with whose permission, and what failures do."""

from __future__ import annotations

import base64
import json
from decimal import Decimal

import pytest

from tests.iotsql.test_protobuf import DESCRIPTOR, put
from tests.running import ACCOUNT

IOT = "iot.amazonaws.com"
QUARTER_HOUR_S = 15 * 60


class Bench:
    """One rule at a time whose result is stored in S3; `result` is None where no action ran."""

    def __init__(self, lab):
        self.lab = lab
        lab.s3.create_bucket(Bucket="results", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        self.sink = lab.role("results_role", IOT, ("s3:PutObject", "arn:aws:s3:::results/*"))
        self.count = 0
        self.steps: list[str] = []

    def result(self, selected, payload=b"{}", key="result"):
        """What `SELECT {selected} AS r` makes of a message, as it lies in the bucket."""
        self.count += 1
        name, topic = f"external_{self.count}", f"external/{self.count}"
        action = {"s3": {"bucketName": "results", "key": f"{self.count}/{key}", "roleArn": self.sink}}
        self.lab.rule(name, action, sql=f"SELECT {selected} AS r FROM '{topic}'")
        self.steps = self.lab.publish(topic, payload)
        return self.stored()

    def stored(self):
        """The last result, with the name of its object when that was a template."""
        found = self.lab.objects_in("results")
        mine = {k.split("/", 1)[1]: v for k, v in found.items() if k.startswith(f"{self.count}/")}
        if not mine:
            return None
        [(name, body)] = mine.items()
        return json.loads(body, parse_float=Decimal).get("r", {}) if name == "result" else name


@pytest.fixture(scope="module")
def bench(lab):
    return Bench(lab)


@pytest.fixture(scope="module")
def house(lab):
    """A table with a simple key, one with a composite key, a thing with its shadows, and secrets."""
    key, number = [{"AttributeName": "id", "KeyType": "HASH"}], {"AttributeName": "at", "AttributeType": "N"}
    text = {"AttributeName": "id", "AttributeType": "S"}
    lab.dynamodb.create_table(
        TableName="Places", KeySchema=key, AttributeDefinitions=[text], BillingMode="PAY_PER_REQUEST"
    )
    lab.dynamodb.create_table(
        TableName="History",
        KeySchema=[*key, {"AttributeName": "at", "KeyType": "RANGE"}],
        AttributeDefinitions=[text, number],
        BillingMode="PAY_PER_REQUEST",
    )
    lab.dynamodb.put_item(
        TableName="Places",
        Item={
            "id": {"S": "d1"},
            "location": {"S": "attic"},
            "exact": {"N": "0.12345678901234567890123456789"},
            "levels": {"NS": ["1.5"]},
            "list": {"L": [{"NULL": True}, {"BOOL": False}, {"M": {"x": {"N": "7"}}}]},
            "raw": {"B": b"\xff\x00"},
        },
    )
    lab.dynamodb.put_item(TableName="History", Item={"id": {"S": "d1"}, "at": {"N": "7"}, "v": {"S": "seven"}})
    lab.iot.create_thing_type(thingTypeName="sensor")
    lab.iot.create_thing(thingName="d1", thingTypeName="sensor", attributePayload={"attributes": {"limit": "30"}})
    lab.iot.create_thing_group(thingGroupName="upstairs")
    lab.iot.add_thing_to_thing_group(thingGroupName="upstairs", thingName="d1")
    lab.iot_data.update_thing_shadow(thingName="d1", payload=b'{"state":{"reported":{"alarm":"ON","at":21.5}}}')
    lab.iot_data.update_thing_shadow(thingName="d1", shadowName="door", payload=b'{"state":{"reported":{"open":true}}}')
    lab.secretsmanager.create_secret(Name="plain", SecretString="open sesame")
    lab.secretsmanager.create_secret(Name="pair", SecretString='{"user": "u", "n": 1.50}')
    lab.secretsmanager.create_secret(Name="bytes", SecretBinary=b"\x01\xff")
    return lab


def reader(lab, *allowed):
    """A role for the functions that may do only this."""
    return lab.role("reader_role", IOT, *allowed)


def secret_reader(lab, name):
    """A role for one secret, by its exact ARN."""
    arn = lab.secretsmanager.describe_secret(SecretId=name)["ARN"]
    return reader(lab, ("secretsmanager:GetSecretValue", arn), ("secretsmanager:DescribeSecret", arn))


def test_get_dynamodb_reads_an_item_by_its_key_with_every_type(bench, house):
    role = reader(house, ("dynamodb:GetItem", house.arn("dynamodb", "table/*")))
    item = bench.result(f"get_dynamodb('Places', 'id', device, '{role}')", {"device": "d1"})
    assert item == {
        "id": "d1",
        "location": "attic",
        "exact": Decimal("0.12345678901234567890123456789"),
        "levels": [Decimal("1.5")],
        "list": [None, False, {"x": 7}],
        "raw": base64.b64encode(b"\xff\x00").decode(),
    }
    assert bench.result(f"get_dynamodb('Places', 'id', 'd1', '{role}').location") == "attic"
    assert bench.result(f"get_dynamodb('History', 'id', 'd1', 'at', 7, '{role}').v") == "seven"


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("get_dynamodb('Places', 'id', 'nobody', '{role}')", "table Places has no item with the key"),
        ("get_dynamodb('Nowhere', 'id', 'd1', '{role}')", "Requested resource not found"),
        ("get_dynamodb('History', 'id', 'd1', '{role}')", "does not match the schema"),
        ("get_dynamodb('Places', 'id', missing, '{role}')", "the value of key id is Undefined"),
    ],
)
def test_what_dynamodb_cannot_answer_fails_the_rule_unless_there_is_a_default(bench, house, call, reason):
    call = call.format(role=reader(house, ("dynamodb:GetItem", "*")))
    assert bench.result(call) is None
    assert reason in bench.steps[-1]
    assert bench.result(f"get_or_default({call}, 'standard')") == "standard"
    assert bench.result(f"get_or_default({call})") == {}


def test_a_second_get_dynamodb_in_a_statement_ends_the_rule_without_actions(bench, house):
    call = f"get_dynamodb('Places', 'id', 'd1', '{reader(house, ('dynamodb:GetItem', '*'))}')"
    assert bench.result(f"{call}.id AS one, {call}.location") is None
    assert "get_dynamodb may be called 1 time at most, not 2 times" in bench.steps[-1]


@pytest.mark.parametrize(
    ("call", "action"),
    [
        ("get_dynamodb('Places', 'id', 'd1', '{role}')", "dynamodb:GetItem"),
        ("get_thing_shadow('d1', '{role}')", "iot:GetThingShadow"),
        ("get_secret('plain', 'SecretString', '{role}')", "secretsmanager:GetSecretValue"),
        ("get_registry_data('DescribeThing', 'd1', '{role}')", "iot:DescribeThing"),
        ("get_registry_data('ListThingGroupsForThing', 'd1', '{role}')", "iot:ListThingGroupsForThing"),
    ],
)
def test_a_role_without_the_permission_fails_the_rule_and_the_trace_names_it(bench, house, call, action):
    role = house.role("powerless_role", IOT)
    assert bench.result(call.format(role=role)) is None
    assert f"lacks {action}" in bench.steps[-1]


def test_a_role_that_iot_may_not_assume_is_of_no_use(bench, house):
    role = house.role("foreign_role", "lambda.amazonaws.com", ("iot:GetThingShadow", "*"))
    assert bench.result(f"get_thing_shadow('d1', '{role}')") is None
    assert "get_thing_shadow refused" in bench.steps[-1]


def test_a_role_may_trust_one_rule_alone(bench, house):
    rule_arn = house.arn("iot", f"rule/external_{bench.count + 1}")
    role = house.role("choosy_role", IOT, ("iot:GetThingShadow", "*"))
    condition = {"ArnLike": {"aws:SourceArn": rule_arn}, "StringEquals": {"aws:SourceAccount": ACCOUNT}}
    trust = {"Effect": "Allow", "Principal": {"Service": IOT}, "Action": "sts:AssumeRole", "Condition": condition}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    house.iam.update_assume_role_policy(RoleName="choosy_role", PolicyDocument=document)
    call = f"get_thing_shadow('d1', '{role}').state.reported.alarm"
    assert bench.result(call) == "ON"
    assert bench.result(call) is None
    assert f"the request has {house.arn('iot', f'rule/external_{bench.count}')}" in bench.steps[-1]


def test_get_thing_shadow_reads_the_classic_and_a_named_shadow(bench, house):
    role = reader(house, ("iot:GetThingShadow", house.arn("iot", "thing/d1*")))
    assert bench.result(f"get_thing_shadow('d1', '{role}').state.reported") == {"alarm": "ON", "at": Decimal("21.5")}
    assert bench.result(f"get_thing_shadow('d1', 'door', '{role}').state.reported.open") is True
    assert bench.result(f"get_thing_shadow('d1', 'window', '{role}')") is None
    assert "No shadow exists with name" in bench.steps[-1]


def test_get_secret_reads_text_a_json_object_a_key_of_it_and_bytes(bench, house):
    assert bench.result(f"get_secret('plain', 'SecretString', '{secret_reader(house, 'plain')}')") == "open sesame"
    role = secret_reader(house, "pair")
    arn = house.secretsmanager.describe_secret(SecretId="pair")["ARN"]
    assert bench.result(f"get_secret('{arn}', 'SecretString', 'user', '{role}')") == "u"
    assert bench.result(f"get_secret('pair', 'SecretString', '{role}')") == {"user": "u", "n": Decimal("1.50")}
    role = secret_reader(house, "bytes")
    assert bench.result(f"get_secret('bytes', 'SecretBinary', '{role}')") == base64.b64encode(b"\x01\xff").decode()


@pytest.mark.parametrize(
    ("name", "arguments", "reason"),
    [
        ("plain", "'SecretString', 'user'", "plain is no JSON object with the key user"),
        ("pair", "'SecretString', 'other'", "pair is no JSON object with the key other"),
        ("bytes", "'SecretBinary', 'user'", "a SecretBinary has no keys"),
        ("bytes", "'SecretString'", "bytes has no SecretString"),
    ],
)
def test_a_secret_that_has_not_what_is_asked_fails_the_rule(bench, house, name, arguments, reason):
    assert bench.result(f"get_secret('{name}', {arguments}, '{secret_reader(house, name)}')") is None
    assert reason in bench.steps[-1]


def test_get_secret_needs_both_permissions_and_a_secret(bench, house):
    role = reader(house, ("secretsmanager:GetSecretValue", "*"))
    assert bench.result(f"get_secret('plain', 'SecretString', '{role}')") is None
    assert "lacks secretsmanager:DescribeSecret" in bench.steps[-1]
    assert bench.result(f"get_secret('nowhere', 'SecretString', '{role}')") is None
    assert "can't find the specified secret" in bench.steps[-1]


def test_a_changed_secret_is_seen_a_quarter_of_an_hour_later(bench, house):
    house.secretsmanager.create_secret(Name="changing", SecretString="old")
    call = f"get_secret('changing', 'SecretString', '{secret_reader(house, 'changing')}')"
    assert bench.result(call) == "old"
    house.secretsmanager.put_secret_value(SecretId="changing", SecretString="new")
    assert bench.result(call) == "old"
    house.cloud.clock.advance(QUARTER_HOUR_S + 1)
    assert bench.result(call) == "new"


def test_a_template_may_ask_too(bench, house):
    role = secret_reader(house, "pair")
    assert bench.result("1", key=f"${{get_secret('pair', 'SecretString', 'user', '{role}')}}") == "u"


def test_get_registry_data_answers_as_the_registry_does(bench, house):
    role = reader(house, ("iot:*", house.arn("iot", "thing/*")))
    described = house.iot.describe_thing(thingName="d1")
    del described["ResponseMetadata"]
    assert bench.result(f"get_registry_data('DescribeThing', 'd1', '{role}')") == described
    assert bench.result(f"get_registry_data('DescribeThing', 'd1', '{role}').attributes.limit") == "30"
    groups = house.iot.list_thing_groups_for_thing(thingName="d1")["thingGroups"]
    assert bench.result(f"get_registry_data('ListThingGroupsForThing', 'd1', '{role}').thingGroups") == groups
    assert groups[0]["groupName"] == "upstairs"


@pytest.mark.parametrize("api", ["DescribeThing", "ListThingGroupsForThing"])
def test_a_thing_that_does_not_exist_fails_the_rule(bench, house, api):
    role = reader(house, ("iot:*", "*"))
    assert bench.result(f"get_registry_data('{api}', 'nobody', '{role}')") is None
    assert "get_registry_data" in bench.steps[-1]


def test_where_may_ask_the_registry(bench, house):
    role = reader(house, ("iot:DescribeThing", "*"))
    where = f"get_registry_data('DescribeThing', topic(2), '{role}').thingTypeName = 'sensor'"
    action = {"s3": {"bucketName": "results", "key": "typed/${topic(2)}", "roleArn": bench.sink}}
    house.rule("typed", action, sql=f"SELECT * FROM 'typed/+' WHERE {where}")
    house.iot.create_thing(thingName="d2")
    house.publish("typed/d1", {})
    assert "did nothing" in house.publish("typed/d2", {})[-1]
    assert [name for name in house.objects_in("results") if name.startswith("typed/")] == ["typed/d1"]


ANSWERS = """
import time

def handle(event, context):
    if event == {"do": "raise"}:
        raise ValueError("no")
    if event == {"do": "sleep"}:
        time.sleep(2.3)
    if event == {"do": "nest"}:
        nested = []
        for _ in range(300):
            nested = [nested]
        return nested
    return {"seen": event, "half": 0.5}
"""


@pytest.fixture(scope="module")
def answering(lab):
    arn = lab.function("answering", ANSWERS)
    lab.lambda_.add_permission(
        FunctionName="answering",
        StatementId="any",
        Action="lambda:InvokeFunction",
        Principal=IOT,
        SourceAccount=ACCOUNT,
        SourceArn=lab.arn("iot", "rule/external_*"),
    )
    return arn


def test_aws_lambda_gives_the_functions_answer(bench, answering):
    assert bench.result(f"aws_lambda('{answering}', {{'payload': a}}).seen.payload", {"a": 21}) == 21
    assert bench.result(f"aws_lambda('{answering}', *)", {"a": [1]}) == {"seen": {"a": [1]}, "half": Decimal("0.5")}


@pytest.mark.parametrize(
    ("todo", "reason"), [("raise", "no"), ("sleep", "the limit is 2000 ms"), ("nest", "is not JSON")]
)
def test_a_function_that_fails_or_is_slow_fails_the_rule(bench, answering, todo, reason):
    assert bench.result(f"aws_lambda('{answering}', *)", {"do": todo}) is None
    assert reason in bench.steps[-1]
    assert bench.result(f"get_or_default(aws_lambda('{answering}', *), 'late')", {"do": todo}) == "late"


def test_aws_lambda_needs_the_functions_permission_for_this_rule(bench, answering):
    lab = bench.lab
    lab.lambda_.add_permission(
        FunctionName=lab.function("choosy", ANSWERS),
        StatementId="one",
        Action="lambda:InvokeFunction",
        Principal=IOT,
        SourceArn=lab.arn("iot", "rule/the_other"),
    )
    call = f"aws_lambda('{lab.arn('lambda', 'function:choosy')}', *)"
    assert bench.result(call) is None
    assert (
        f"choosy has no permission for {IOT} from {lab.arn('iot', f'rule/external_{bench.count}')}" in bench.steps[-1]
    )
    action = {"s3": {"bucketName": "results", "key": "other", "roleArn": bench.sink}}
    lab.rule("the_other", action, sql=f"SELECT {call}.half AS r FROM 'the_other'")
    lab.publish("the_other", {})
    assert json.loads(lab.objects_in("results")["other"]) == {"r": 0.5}


def test_a_protobuf_message_is_decoded_by_the_descriptor_in_s3(bench):
    s3 = bench.lab.s3
    s3.create_bucket(Bucket="schemas", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="schemas", Key="house.desc", Body=DESCRIPTOR)
    call = "decode(*, 'proto', 'schemas', 'house.desc', 'house', 'Reading')"
    data = put(1, "s1") + put(4, 1)
    assert bench.result(call, data) is None
    assert (
        "arn:aws:s3:::schemas/house.desc has no policy that lets iot.amazonaws.com do s3:GetObject" in bench.steps[-1]
    )
    allowed = {"Effect": "Allow", "Principal": {"Service": IOT}, "Action": "s3:Get*"}
    statement = {**allowed, "Resource": "arn:aws:s3:::schemas/*"}
    s3.put_bucket_policy(Bucket="schemas", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    assert bench.result(call, data) == {"sensorId": "s1", "ok": True}
    assert bench.result(call.replace("house.desc", "none.desc"), data) is None
    assert "The specified key does not exist" in bench.steps[-1]
