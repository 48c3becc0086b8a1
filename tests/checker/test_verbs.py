"""The decisions of the verbs: permissions, topics, readings, charts, what is left. No network."""

from __future__ import annotations

import fcntl
import os
import pty
import subprocess
import sys
import termios
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from checker.checks import as_json
from checker.checks.expectation import NotReady
from checker.curriculum.parts import ROOT
from checker.verbs.awslambda import Invocation, code_sha256
from checker.verbs.bystanders import Bystanders
from checker.verbs.control import Minute, commands_by_topic, new_mark
from checker.verbs.device import Received, explain_connack
from checker.verbs.dynamodb import plain
from checker.verbs.explain import explain_by_configuration, explain_refusal, find_trace, render_steps
from checker.verbs.iam import Role, allowed_callers, allows, trusts
from checker.verbs.inventory import Resource, is_named, named_in_state
from checker.verbs.iot import TopicRule, parse_rule, topic_matches
from checker.verbs.quicksight import DataSet, charts_of, parse_data_set
from checker.verbs.readings import Reading, kit_house, milliseconds, new_reading
from checker.verbs.teardown import Aftermath, TeardownVerbs
from checker.verbs.timestream import Answer, read_row

TABLE = "arn:aws:dynamodb:eu-west-1:123456789012:table/Temperature"


def allow(action, resource, **more):
    return {"Statement": [{"Effect": "Allow", "Action": action, "Resource": resource, **more}]}


DENY = {"Statement": {"Effect": "Deny", "Action": "dynamodb:PutItem", "Resource": "*"}}


@pytest.mark.parametrize(
    ("policies", "allowed"),
    [
        ([allow("dynamodb:PutItem", TABLE)], True),
        ([allow(["dynamodb:Get*", "DynamoDB:put*"], [TABLE])], True),
        ([allow("*", "*")], True),
        ([allow("dynamodb:PutItem", TABLE + "s")], False),
        ([allow("dynamodb:GetItem", TABLE)], False),
        ([], False),
        ([allow("*", "*"), DENY], False),
        ([{"Statement": [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]}], True),
        ([{"Statement": [{"Effect": "Allow", "Action": "*", "NotResource": TABLE}]}], False),
    ],
    ids=[
        "exact",
        "wildcards",
        "everything",
        "other table",
        "other action",
        "nothing",
        "denied",
        "not action",
        "not resource",
    ],
)
def test_policies_allow_what_iam_would(policies, allowed):
    assert allows(policies, "dynamodb:PutItem", TABLE) is allowed


def test_a_question_mark_is_one_character_and_brackets_are_plain():
    assert allows([allow("iot:Publish", "topic/AC-?")], "iot:Publish", "topic/AC-1")
    assert not allows([allow("iot:Publish", "topic/[A]")], "iot:Publish", "topic/A")


def test_a_role_is_trusted_by_the_services_of_its_policy_only():
    trust = {
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": ["lambda.amazonaws.com"]}, "Action": "sts:AssumeRole"},
            {"Effect": "Deny", "Principal": {"Service": "iot.amazonaws.com"}, "Action": "sts:AssumeRole"},
        ]
    }

    assert trusts(trust, "lambda.amazonaws.com")
    assert not trusts(trust, "iot.amazonaws.com")


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        ({}, True),
        ({"ArnLike": {"AWS:SourceArn": "arn:rule/every_minute"}}, True),
        ({"ArnLike": {"aws:SourceArn": ["arn:rule/*"]}}, True),
        ({"ArnLike": {"AWS:SourceArn": "arn:rule/other"}}, False),
    ],
    ids=["no condition", "this rule", "any rule", "another rule"],
)
def test_a_function_may_be_invoked_on_behalf_of_the_rules_of_its_permission(condition, allowed):
    policy = {
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Condition": condition}]
    }

    assert allowed_callers(policy, "events.amazonaws.com", "arn:rule/every_minute") is allowed


@pytest.mark.parametrize(
    ("topic_filter", "matches"),
    [
        ("sensor/temperature/+", True),
        ("sensor/temperature/#", True),
        ("sensor/#", True),
        ("#", True),
        ("sensor/+", False),
        ("sensor/temperature/temp_1/+", False),
        ("sensor/temperature/temp_1/#", True),
        ("sensor/+/temp_1", True),
    ],
)
def test_topic_filters_match_as_mqtt_says(topic_filter, matches):
    assert topic_matches(topic_filter, "sensor/temperature/temp_1") is matches


def rule(sql="SELECT * FROM 'sensor/temperature/+'", **more):
    action = {"dynamoDBv2": {"roleArn": "arn:role/iot_role", "putItem": {"tableName": "Temperature"}}}
    return parse_rule({"ruleName": "hot", "sql": sql, "actions": [action], **more})


def role(*policies, service="iot.amazonaws.com"):
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]}
    return lambda arn: Role("iot_role", arn, trust, tuple(policies))


@pytest.mark.parametrize(
    ("rules", "role_of", "line"),
    [
        ([], role(), "there is no topic rule"),
        ([rule(ruleDisabled=True)], role(), "rule hot is disabled"),
        (
            [rule("SELECT * FROM 'sensor/+'")],
            role(),
            "rule hot listens to sensor/+, which does not match sensor/temperature/temp_1",
        ),
        ([rule()], lambda arn: None, "rule hot: its role arn:role/iot_role does not exist"),
        (
            [rule()],
            role(service="lambda.amazonaws.com"),
            "rule hot: role iot_role is trusted by lambda.amazonaws.com, not by iot.amazonaws.com",
        ),
        (
            [rule()],
            role(allow("dynamodb:GetItem", TABLE)),
            f"rule hot: role iot_role may do dynamodb:GetItem on {TABLE}, but not dynamodb:PutItem",
        ),
        (
            [rule()],
            role(allow("dynamodb:PutItem", "*")),
            "rule hot matches the topic: SELECT * FROM 'sensor/temperature/+'",
        ),
    ],
    ids=["no rule", "disabled", "wrong filter", "no role", "wrong trust", "wrong permission", "nothing wrong"],
)
def test_without_a_trace_the_settings_explain(rules, role_of, line):
    assert explain_by_configuration(rules, "sensor/temperature/temp_1", role_of) == [line]


def test_a_rule_is_read_with_its_topic_filter():
    found = rule("select * from 'a/b' where x > 1")

    assert isinstance(found, TopicRule)
    assert found.topic_filter == "a/b"
    assert found.actions_of("dynamoDBv2")[0]["putItem"]["tableName"] == "Temperature"


def test_the_trace_of_a_reading_is_found_by_sender_and_time():
    reading = Reading(45, 1, 1, "t", client_id="me", sent_after_ms=1_000, sent_before_ms=1_010)
    traces = [
        {"at": 0.999, "client_id": "me", "steps": []},
        {"at": 1.005, "client_id": "other", "steps": []},
        {"at": 1.0104, "client_id": "me", "steps": [{"text": "subscribers: none"}, {"text": "rule hot matched"}]},
    ]

    found = find_trace(traces, reading)

    assert found is traces[2]
    assert render_steps(found, [rule("SELECT * FROM 't'")]) == "rule hot matched: SELECT * FROM 't'"


def test_a_stored_reading_has_its_four_columns_whatever_their_type():
    reading = new_reading(45, sensor=3)
    item = {"id": reading.id, "temperature": "45", "sensor_id": 3, "zone_id": 2}

    assert reading.is_stored_as([item])
    assert not reading.is_stored_as([item, item])
    assert not reading.is_stored_as([{**item, "zone_id": 1}])
    assert not reading.is_stored_as([{"id": reading.id}])


def test_what_is_stored_is_told_as_json_as_the_house_sent_it():
    reading = Reading(45, 1, 1, "t", id="an-id")

    assert as_json(reading.content) == '{"id": "an-id", "temperature": 45, "sensor_id": 1, "zone_id": 1}'
    assert as_json({"at": "20 °C", "raw": b"x", "on": True}) == '{"at": "20 °C", "raw": "b\'x\'", "on": true}'


def test_a_row_is_told_as_json_without_its_empty_columns():
    reading = Reading(21, 1, 1, "t", id="an-id")
    answer = Answer(({"zone_id": "1", "measure_name": "id", "measure_value::varchar": "an-id", "time": None},))

    assert answer.describe(reading) == (
        'the row {"zone_id": "1", "measure_name": "id", "measure_value::varchar": "an-id"}'
    )


def test_a_data_set_is_told_with_what_it_reads_and_the_columns_that_it_lacks():
    found = DataSet("", "readings", (), ("SELECT *\nFROM iot.t\n",), ("time", "zone_id"))

    assert found.describe({"time", "zone_id", "temperature", "sensor_id"}) == (
        "readings: reads SELECT * FROM iot.t; columns time, zone_id; without sensor_id, temperature"
    )
    assert found.describe({"time"}) == "readings: reads SELECT * FROM iot.t; columns time, zone_id"


def test_sensors_stand_in_their_zones():
    assert [new_reading(20, sensor).zone_id for sensor in (1, 2, 3, 4)] == [1, 1, 2, 2]


def test_the_house_is_the_kits_own():
    assert kit_house().House(seed=1).step(5)[0].topic == "sensor/temperature/temp_1"


def test_timestream_times_are_read_to_the_millisecond():
    assert milliseconds("1970-01-01 00:00:01.234000000") == 1234
    assert milliseconds("1970-01-01 00:01:00") == 60_000


def test_a_row_belongs_to_its_publish_within_a_second():
    reading = Reading(21, 1, 1, "t", sent_after_ms=60_000, sent_before_ms=60_010)

    assert reading.was_sent_at(["1970-01-01 00:01:00.900000000"])
    assert not reading.was_sent_at(["1970-01-01 00:01:01.100000000"])
    assert not reading.was_sent_at([])


def test_rows_are_read_by_column_and_null_is_none():
    assert read_row([{"Name": "a"}, {"Name": "b"}], [{"ScalarValue": "1"}, {"NullValue": True}]) == {
        "a": "1",
        "b": None,
    }


def test_dynamodb_numbers_become_python_numbers():
    assert [plain({"N": "45"}), plain({"N": "39.9"}), plain({"S": "x"})] == [45, 39.9, "x"]


def test_the_checkers_own_marks_are_no_commands():
    command = Received("AC/AC-1", b'{"state": {"enabled": true}}', 0)
    mark = Received("AC/AC-1", str(new_mark()).replace("'", '"').encode(), 0)

    assert commands_by_topic([command, mark], ["AC/AC-1", "AC/AC-2"]) == {
        "AC/AC-1": ({"state": {"enabled": True}},),
        "AC/AC-2": (),
    }


def test_a_minute_tells_its_story():
    log = "START RequestId: 1\nZONE 1 : MEAN 36\nEND RequestId: 1\nREPORT RequestId: 1"
    minute = Minute({"AC/AC-1": ()}, Invocation("Timeout: 3 s", None, log), (), (new_reading(36),))

    quiet = Minute({"AC/AC-1": ()}, Invocation("", {}, log), (), ())

    assert quiet.story == "the function's log:\nZONE 1 : MEAN 36"
    assert minute.seen == "no command"
    assert minute.story == (
        "the reading 36 on sensor/temperature/temp_1 did not reach Timestream\nthe function failed: Timeout: 3 s"
    )


def test_a_packages_hash_is_lambdas():
    assert code_sha256(b"") == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


def chart_of(aggregation):
    temperature = {"Column": {"ColumnName": "temperature"}}
    if aggregation:
        temperature["AggregationFunction"] = {"SimpleNumericalAggregation": aggregation}
    wells = {
        "Category": [{"DateDimensionField": {"Column": {"ColumnName": "time"}}}],
        "Values": [{"NumericalMeasureField": temperature}],
        "Colors": [{"CategoricalDimensionField": {"Column": {"ColumnName": "zone_id"}}}],
    }
    visual = {"LineChartVisual": {"ChartConfiguration": {"FieldWells": wells}}}
    (found,) = charts_of({"Sheets": [{"Visuals": [visual]}]}, "dashboard d")
    return found


def test_charts_are_found_with_their_columns():
    found = chart_of("AVERAGE")

    assert found.kind == "LineChartVisual"
    assert found.shows("temperature", by="zone_id")
    assert not found.shows("temperature", by="sensor_id")
    assert found.description == "dashboard d: LineChartVisual of AVERAGE of temperature, time, zone_id"


def test_a_sum_of_temperatures_is_no_temperature():
    assert chart_of("MAX").shows("temperature", by="zone_id")
    assert not chart_of("SUM").shows("temperature", by="zone_id")
    assert not chart_of(None).shows("temperature", by="zone_id")


def test_a_data_set_names_source_and_table():
    found = parse_data_set(
        {
            "Arn": "arn:set",
            "Name": "readings",
            "PhysicalTableMap": {
                "t": {"RelationalTable": {"DataSourceArn": "arn:source", "Name": "temperaturesensor"}}
            },
            "OutputColumns": [{"Name": "time"}],
        }
    )

    assert (found.source_arns, found.reads, found.columns) == (("arn:source",), ("temperaturesensor",), ("time",))
    assert found.queries == ('SELECT * FROM ""."temperaturesensor"',)


def test_what_terraform_made_is_known_by_kind_and_name():
    state = {
        "values": {
            "root_module": {
                "resources": [
                    {"mode": "managed", "type": "aws_iot_thing", "values": {"id": "house", "arn": "arn:thing"}},
                    {"mode": "data", "type": "aws_iam_role", "values": {"id": "given"}},
                ],
                "child_modules": [
                    {
                        "resources": [
                            {"mode": "managed", "type": "aws_lambda_function", "values": {"function_name": "f"}}
                        ]
                    }
                ],
            }
        }
    }
    names = named_in_state(state)

    assert is_named(Resource("IoT thing", "house"), names)
    assert is_named(Resource("Lambda function", "f"), names)
    assert not is_named(Resource("IAM role", "given"), names)
    assert not is_named(Resource("IAM role", "house"), names)


def test_return_code_7_is_told_as_a_missing_policy():
    assert explain_connack("Unspecified error", "host:8883") == (
        "host:8883 knows the certificate and does not let it connect: no policy is attached to it, "
        "or none allows iot:Connect for the device's client id"
    )
    assert explain_connack("Server unavailable", "host:8883") == "host:8883 refused the connection: Server unavailable"


def test_the_cloud_says_why_a_device_was_not_let_in():
    why = "iot:Connect refused: the certificate has no policy attached, so it may not do iot:Connect"
    said = f"MQTT client 'lab-1' from 127.0.0.1: CONNECT of 'lab-1' refused: {why}"
    traces = [{"topic": "", "steps": [{"text": said}]}, {"topic": "lab-1", "steps": [{"text": "lab-1 refused: no"}]}]
    target = SimpleNamespace(control=SimpleNamespace(traces=lambda: traces))

    assert explain_refusal(target, "lab-1") == why
    assert explain_refusal(target, "lab-2") == ""
    assert explain_refusal(SimpleNamespace(control=None), "lab-1") == ""


LEFT = Resource("DynamoDB table", "Temperature")


def test_a_teardown_that_thought_that_all_was_well_is_told_by_its_own_words():
    after = Aftermath(said="No objects need to be destroyed.", left_of_terraform=(LEFT,), made=1)

    assert after.story == "bin/teardown.sh ended without an error; it said:\nNo objects need to be destroyed."
    assert after.place_to_fix == "terraform destroy in bin/teardown.sh"


def test_a_teardown_that_failed_is_told_by_what_is_left_and_by_its_remedy():
    after = Aftermath("bin/teardown.sh has no run bit", remedy="chmod +x bin/teardown.sh", left_of_terraform=(LEFT,))

    assert after.story == "still listed: DynamoDB table Temperature"
    assert after.place_to_fix == "chmod +x bin/teardown.sh"


def test_a_teardown_with_nothing_to_remove_is_not_judged(monkeypatch):
    for name in ("plant", "remove"):
        monkeypatch.setattr(Bystanders, name, lambda _: None)
    monkeypatch.setattr("checker.verbs.teardown.list_resources", lambda _: {Resource("IAM role", "of_a_neighbour")})
    terraform = SimpleNamespace(show=dict)
    deployment = SimpleNamespace(target=None, ensure_applied=lambda _: None, terraform=terraform)

    with pytest.raises(NotReady, match="nothing is deployed, so there is nothing to remove"):
        TeardownVerbs(deployment, (), lambda: None, frozenset()).run()


def test_a_payload_that_is_nested_without_end_is_a_text():
    payload = b"[" * 100_000

    assert Received("AC/AC-1", payload, 0).content == payload.decode()


def test_an_encrypted_key_is_refused_and_nobody_is_asked_for_its_passphrase(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    kept = serialization.BestAvailableEncryption(b"secret")
    (tmp_path / "key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, kept)
    )
    now = datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "house")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    (tmp_path / "certificate").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    code = f"""
from pathlib import Path
from checker.verbs.device import DeviceRefused, Identity, tls_context
try:
    tls_context(None, Identity(Path({str(tmp_path / "certificate")!r}), Path({str(tmp_path / "key")!r})))
except DeviceRefused as refused:
    print(refused)
"""
    leader, follower = pty.openpty()  # what OpenSSL would ask on
    done = subprocess.run(
        [sys.executable, "-c", code], stdin=follower, capture_output=True, text=True, timeout=20,
        preexec_fn=lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 0)), cwd=ROOT,
    )  # fmt: skip
    os.close(follower)
    os.close(leader)

    assert "not a pair" in done.stdout or "no private key" in done.stdout, done.stderr
