"""What is wrong with a definition is told when a state machine is made; what the local cloud lacks is named."""

from __future__ import annotations

import json

import pytest

from labcloud.stepfunctions.checks import faults_of_definition
from tests.stepfunctions.walk import FUNCTION, machine, task


class Calls:
    """Knows one operation."""

    def operation_of(self, service, action):
        return ("dynamodb", "PutItem") if (service, action.lower()) == ("dynamodb", "putitem") else None

    def fields_of(self, service, operation):
        return frozenset({"TableName", "Item", "ReturnValues"}), frozenset({"TableName", "Item"})


def faults(definition):
    text = definition if isinstance(definition, str) else json.dumps(definition)
    return faults_of_definition(text, Calls())


def put_item(**parameters):
    return {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem", "Parameters": parameters, "End": True}


CHOICE = {"Type": "Choice", "Default": "A", "Choices": []}
GOOD = machine(
    "A",
    A={"Type": "Pass", "Comment": "c", "Parameters": {"x.$": "States.Format('{}', $.a[0])"}, "Next": "B"},
    B=task(Next="C", Retry=[{"ErrorEquals": ["States.ALL"], "MaxAttempts": 0, "JitterStrategy": "FULL"}],
           Catch=[{"ErrorEquals": ["X"], "Next": "F", "ResultPath": "$.e"}], TimeoutSeconds=5),
    C={"Type": "Choice", "Default": "F", "Choices": [
        {"And": [{"Variable": "$.a", "IsPresent": True}, {"Not": {"Variable": "$.a", "NumericEquals": 1}}], "Next": "D"}]},
    D={"Type": "Wait", "TimestampPath": "$.t", "Next": "E"},
    E={"Type": "Parallel", "Branches": [machine("G", G={"Type": "Succeed"})], "Next": "H"},
    H={"Type": "Map", "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, **machine("I", I=put_item(
        **{"TableName": "t", "Item.$": "$"}))}, "MaxConcurrency": 3, "Next": "J"},
    J={"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:dynamodb:putItem", "End": True,
       "Parameters": {"TableName": "t", "Item": {}}},
    F={"Type": "Fail", "ErrorPath": "$.e.Error", "Cause": "c"},
)  # fmt: skip


def test_good_definition_has_no_fault():
    assert faults(GOOD) == []


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"Type": "Pas", "End": True}, "Type is not one of"),
        ({"Type": "Pass"}, "A state has either Next or End: true"),
        ({"Type": "Pass", "Next": "Z"}, "Missing 'Next' target: Z"),
        ({"Type": "Pass", "End": True, "Resource": "x"}, "Field Resource is not supported in a Pass state"),
        ({"Type": "Pass", "End": True, "InputPath": "x"}, "not a valid JSONPath"),
        ({"Type": "Pass", "End": True, "ResultPath": "$.a[*]"}, "not a Reference Path"),
        ({"Type": "Pass", "End": True, "Parameters": {"a.$": "x"}}, "must be a valid JSONPath or a valid intrinsic"),
        ({"Type": "Pass", "End": True, "Parameters": {"a": [{"b.$": "States.No()"}]}}, "States.No is not an intrinsic"),
        ({"Type": "Task", "End": True}, "A Task has a Resource"),
        ({"Type": "Task", "End": True, "Resource": "arn:aws:states:::dynamodb:nope"}, "is not recognized. The value"),
        (put_item(TableName="t"), 'The field "Item" is required but was missing'),
        (put_item(TableName="t", Item={}, Foo=1), 'The field "Foo" is not supported by Step Functions'),
        (task(TimeoutSeconds=0), "TimeoutSeconds must be a positive integer"),
        (task(Retry=[{"ErrorEquals": []}]), "ErrorEquals must be a non-empty array"),
        (task(Retry=[{"ErrorEquals": ["States.Nope"]}]), "States.Nope is not an error name"),
        (task(Retry=[{"ErrorEquals": ["A"], "BackoffRate": 0.5}]), "BackoffRate must be a number from 1.0"),
        (task(Retry=[{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["A"]}]), "must appear alone and in the last"),
        (task(Catch=[{"ErrorEquals": ["A"]}]), "A catcher has a Next"),
        ({"Type": "Wait", "End": True}, "exactly one of Seconds"),
        ({"Type": "Wait", "End": True, "Timestamp": "noon"}, "ISO 8601"),
        ({"Type": "Fail", "Error": "a", "ErrorPath": "$.a"}, "either Error or ErrorPath"),
        ({"Type": "Parallel", "End": True, "Branches": []}, "Branches must be a non-empty array"),
        ({"Type": "Map", "End": True}, "A Map has an ItemProcessor"),
        ({"Type": "Map", "End": True, "ItemProcessor": {"StartAt": "M", "States": {}}}, "at least one state"),
        ({**CHOICE, "Choices": [{"Next": "A"}]}, "one comparison, not none"),
        ({**CHOICE, "Choices": [{"Variable": "$.a", "IsNull": True}]}, "A choice rule has a Next"),
        ({**CHOICE, "Choices": [{"IsNull": True, "Next": "A"}]}, "A comparison has a Variable"),
        ({**CHOICE, "Choices": [{"Variable": "$", "IsNull": 1, "Next": "A"}]}, "IsNull takes true or false"),
        ({**CHOICE, "Choices": [{"Variable": "$", "NumericEquals": "1", "Next": "A"}]}, "cannot compare with '1'"),
        ({**CHOICE, "Choices": [{"And": [], "Next": "A"}]}, "And must be a non-empty array"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_fault_of_a_state_is_told_with_its_place(state, message):
    [fault] = faults(machine("A", A=state))
    assert message in fault.message
    assert fault.location.startswith("/States/A")
    assert fault.served


@pytest.mark.parametrize(
    ("definition", "code", "message"),
    [
        ("{", "INVALID_JSON_DESCRIPTION", "Invalid JSON"),
        ("[]", "INVALID_JSON_DESCRIPTION", "not a JSON object"),
        ({"States": {}}, "SCHEMA_VALIDATION_FAILED", "at least one state"),
        (machine("X", A={"Type": "Succeed"}), "MISSING_TRANSITION_TARGET", "Missing 'StartAt' target: X"),
        (machine("A", A={"Type": "Succeed"}, B={"Type": "Succeed"}), "MISSING_TRANSITION_TARGET", 'State "B" is not'),
        ({**machine("A", A={"Type": "Succeed"}), "TimeoutSeconds": -1}, "SCHEMA_VALIDATION_FAILED", "positive integer"),
        ({**machine("A", A={"Type": "Succeed"}), "Foo": 1}, "SCHEMA_VALIDATION_FAILED", "Field Foo is not supported"),
    ],
    ids=["json", "object", "no states", "start", "not reachable", "timeout", "field"],
)
def test_fault_of_a_machine_is_told(definition, code, message):
    [fault] = faults(definition)
    assert fault.code == code
    assert message in fault.message


def test_definition_that_is_nested_without_end_is_refused():
    [fault] = faults('{"StartAt": "A", "States": ' + '{"A": ' * 3000 + "1" + "}" * 3001)
    assert fault.message == "The definition is nested too deeply"


def test_state_names_are_unique_in_the_whole_machine():
    inner = machine("A", A={"Type": "Succeed"})
    [fault] = faults(machine("A", A={"Type": "Parallel", "Branches": [inner], "End": True}))
    assert (fault.code, fault.message) == ("DUPLICATE_STATE_NAME", 'Duplicate State name: "A"')


STATES = "arn:aws:states:::"
DISTRIBUTED = {"ProcessorConfig": {"Mode": "DISTRIBUTED"}, **machine("B", B={"Type": "Succeed"})}


@pytest.mark.parametrize(
    ("definition", "what"),
    [
        ({**machine("A", A={"Type": "Succeed"}), "QueryLanguage": "JSONata"}, "the query language JSONata"),
        (machine("A", A={"Type": "Succeed", "QueryLanguage": "JSONata"}), "the query language JSONata"),
        (machine("A", A={"Type": "Pass", "End": True, "Assign": {"a": 1}}), "variables (Assign)"),
        (machine("A", A=task(HeartbeatSeconds=5)), "heartbeats (HeartbeatSeconds)"),
        (machine("A", A=task(Credentials={"RoleArn": "x"})), "another role (Credentials)"),
        (machine("A", A=task(Resource=f"{STATES}lambda:invoke.waitForTaskToken")), "pattern .waitForTaskToken"),
        (machine("A", A=task(Resource=f"{STATES}states:startExecution.sync:2")), "pattern .sync:2"),
        (machine("A", A=task(Resource="arn:aws:states:eu-west-1:123456789012:activity:a")), "activities"),
        (machine("A", A=task(Resource=f"{STATES}glue:startJobRun")), "the integration of glue"),
        (machine("A", A=task(Resource=f"{STATES}http:invoke")), "the integration of http"),
        (machine("A", A=task(Resource=f"{STATES}aws-sdk:rekognition:detectFaces")), "rekognition detectFaces as a task"),
        (machine("A", A={"Type": "Map", "ItemProcessor": DISTRIBUTED, "End": True}), "a Map in mode DISTRIBUTED"),
        (machine("A", A={"Type": "Map", "ItemProcessor": machine("B", B={"Type": "Succeed"}), "ItemReader": {},
                         "End": True}), "distributed (ItemReader)"),
        (machine("A", A={"Type": "Pass", "InputPath": "$.a.max()", "End": True}), "the JSONPath function max()"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_aws_takes_and_the_local_cloud_lacks_is_refused_by_name(definition, what):
    [fault] = faults(definition)
    assert fault.message.startswith("the local cloud does not serve ")
    assert what in fault.message
    assert not fault.served


def test_function_is_named_by_its_arn_with_version_or_alias():
    for qualifier in ("", ":live", ":7", ":$LATEST"):
        assert faults(machine("A", A=task(Resource=FUNCTION + qualifier))) == []
