"""State machines in a running cloud, as boto3 sees them: executions, roles, integrations, refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.running import Lab
from tests.stepfunctions.walk import machine
from tests.support import wait_until

STATES = "states.amazonaws.com"
INTEGRATION = "arn:aws:states:::"
PASS = machine("P", P={"Type": "Pass", "Result": {"done": True}, "End": True})
WAIT = machine("W", W={"Type": "Wait", "Seconds": 3600, "End": True})


def call(resource: str, **fields: Any) -> dict[str, Any]:
    """A machine of one task."""
    name = resource.replace(":", "_")
    return machine(name, **{name: {"Type": "Task", "Resource": INTEGRATION + resource, "End": True, **fields}})


def made(lab: Lab, name: str, definition: Any, *allowed: tuple[str, str], **settings: Any) -> str:
    """A state machine with a role of its own."""
    role = lab.role(f"{name}_role", STATES, *allowed)
    text = json.dumps(definition)
    answer = lab.stepfunctions.create_state_machine(name=name, definition=text, roleArn=role, **settings)
    return str(answer["stateMachineArn"])


def started(lab: Lab, arn: str, value: Any = None, **more: Any) -> str:
    answer = lab.stepfunctions.start_execution(stateMachineArn=arn, input=json.dumps(value or {}), **more)
    assert lab.cloud.settle()
    return str(answer["executionArn"])


def ended(lab: Lab, execution_arn: str) -> dict[str, Any]:
    def over() -> Any:
        found = lab.stepfunctions.describe_execution(executionArn=execution_arn)
        return found if found["status"] != "RUNNING" else None

    return dict(wait_until(over, within_s=15, because=f"the end of {execution_arn}"))


def run(lab: Lab, name: str, definition: Any, *allowed: tuple[str, str], value: Any = None) -> dict[str, Any]:
    return ended(lab, started(lab, made(lab, name, definition, *allowed), value))


def output(execution: dict[str, Any]) -> Any:
    assert execution["status"] == "SUCCEEDED", (execution.get("error"), execution.get("cause"))
    return json.loads(execution["output"])


def table(lab: Lab, name: str) -> str:
    lab.dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return lab.arn("dynamodb", f"table/{name}")


# -- executions


def test_execution_has_status_input_output_history_and_machine(lab: Lab) -> None:
    arn = made(lab, "whole", PASS)
    execution_arn = started(lab, arn, {"a": 1}, name="first")
    assert execution_arn == lab.arn("states", "execution:whole:first")
    found = ended(lab, execution_arn)
    assert (found["status"], found["input"], found["output"]) == ("SUCCEEDED", '{"a": 1}', '{"done":true}')
    assert found["stopDate"] >= found["startDate"]
    events = lab.stepfunctions.get_execution_history(executionArn=execution_arn)["events"]
    assert [event["type"] for event in events] == [
        *("ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"),
    ]
    assert events[0]["executionStartedEventDetails"]["roleArn"].endswith(":role/whole_role")
    described = lab.stepfunctions.describe_state_machine_for_execution(executionArn=execution_arn)
    assert (described["stateMachineArn"], json.loads(described["definition"])) == (arn, PASS)


def test_history_and_executions_come_in_pages_in_either_order(lab: Lab) -> None:
    arn = made(lab, "pages", PASS)
    names = [started(lab, arn, name=f"e{number}").rsplit(":", 1)[-1] for number in range(3)]
    page = lab.stepfunctions.list_executions(stateMachineArn=arn, maxResults=2)
    rest = lab.stepfunctions.list_executions(stateMachineArn=arn, nextToken=page["nextToken"])
    assert [each["name"] for each in page["executions"] + rest["executions"]] == names[::-1]
    assert lab.stepfunctions.list_executions(stateMachineArn=arn, statusFilter="FAILED")["executions"] == []
    history = lab.stepfunctions.get_execution_history
    execution_arn = page["executions"][0]["executionArn"]
    backwards = history(executionArn=execution_arn, reverseOrder=True, maxResults=1)
    assert backwards["events"][0]["type"] == "ExecutionSucceeded"
    assert history(executionArn=execution_arn, nextToken=backwards["nextToken"])["events"][0]["id"] == 2
    bare = history(executionArn=execution_arn, includeExecutionData=False)["events"][1]
    assert bare["stateEnteredEventDetails"] == {"name": "P"}


def test_name_is_taken_while_the_input_differs_or_the_execution_is_over(lab: Lab) -> None:
    arn = made(lab, "names", WAIT)
    first = started(lab, arn, {"a": 1}, name="one")
    assert started(lab, arn, {"a": 1}, name="one") == first
    for value in ({"a": 2}, {"a": 1}):
        with pytest.raises(ClientError, match=f"Execution Already Exists: '{first}'") as refused:
            started(lab, arn, value, name="one")
        assert refused.value.response["Error"]["Code"] == "ExecutionAlreadyExists"
        lab.stepfunctions.stop_execution(executionArn=first)


def test_wait_obeys_the_lab_clock(lab: Lab) -> None:
    execution_arn = started(lab, made(lab, "hour", WAIT))
    lab.cloud.clock.advance(3590)
    assert lab.stepfunctions.describe_execution(executionArn=execution_arn)["status"] == "RUNNING"
    lab.cloud.clock.advance(20)
    found = lab.stepfunctions.describe_execution(executionArn=execution_arn)
    assert found["status"] == "SUCCEEDED"
    assert 3599 < (found["stopDate"] - found["startDate"]).total_seconds() < 3601


def test_tasks_between_waits_are_done_on_the_way_of_one_jump(lab: Lab) -> None:
    made_table = table(lab, "Jumps")
    put = call("dynamodb:putItem", Parameters={"TableName": "Jumps", "Item": {"id": {"S.$": "$$.State.EnteredTime"}}})
    [(name, state)] = put["States"].items()
    loop = {
        "W": {"Type": "Wait", "Seconds": 60, "Next": "Put"},
        "Put": {**{key: value for key, value in state.items() if key != "End"}, "ResultPath": None, "Next": "W2"},
        "W2": {"Type": "Wait", "Seconds": 60, "Next": "Put2"},
        "Put2": {**state, "ResultPath": None},
    }
    execution_arn = started(lab, made(lab, "jumps", machine("W", **loop), ("dynamodb:PutItem", made_table)))
    lab.cloud.clock.advance(121)
    assert lab.stepfunctions.describe_execution(executionArn=execution_arn)["status"] == "SUCCEEDED"
    assert lab.dynamodb.scan(TableName="Jumps")["Count"] == 2


def test_stopped_execution_says_why(lab: Lab) -> None:
    execution_arn = started(lab, made(lab, "stopped", WAIT))
    lab.stepfunctions.stop_execution(executionArn=execution_arn, error="Enough", cause="of it")
    found = ended(lab, execution_arn)
    assert (found["status"], found["error"], found["cause"]) == ("ABORTED", "Enough", "of it")


def test_execution_keeps_the_definition_and_role_that_it_began_with(lab: Lab) -> None:
    arn = made(lab, "updated", WAIT)
    before = started(lab, arn)
    lab.stepfunctions.update_state_machine(stateMachineArn=arn, definition=json.dumps(PASS))
    assert output(ended(lab, started(lab, arn))) == {"done": True}
    lab.cloud.clock.advance(3601)
    assert output(ended(lab, before)) == {}


def test_deleted_state_machine_takes_its_executions_with_it(lab: Lab) -> None:
    arn = made(lab, "deleted", WAIT)
    execution_arn = started(lab, arn)
    lab.stepfunctions.delete_state_machine(stateMachineArn=arn)
    with pytest.raises(ClientError, match="Execution Does Not Exist"):
        lab.stepfunctions.describe_execution(executionArn=execution_arn)
    with pytest.raises(ClientError, match="State Machine Does Not Exist"):
        started(lab, arn)


def test_express_state_machine_answers_at_once_and_keeps_no_executions(lab: Lab) -> None:
    arn = made(lab, "quick", PASS, type="EXPRESS")
    answer = sync(lab, arn, {"a": 1})
    assert (answer["status"], answer["output"], answer["input"]) == ("SUCCEEDED", '{"done":true}', '{"a": 1}')
    assert ":express:quick:" in answer["executionArn"]
    assert ":express:quick:" in started(lab, arn)
    with pytest.raises(ClientError, match="not supported by this type of state machine"):
        lab.stepfunctions.list_executions(stateMachineArn=arn)
    with pytest.raises(ClientError, match="Resource type not valid in this context: express"):
        lab.stepfunctions.describe_execution(executionArn=answer["executionArn"])
    with pytest.raises(ClientError, match="not supported by this type of state machine"):
        sync(lab, made(lab, "slow", PASS), {})


def sync(lab: Lab, arn: str, value: Any) -> dict[str, Any]:
    """boto3 puts "sync-" before the host's name unless it is told not to."""
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "stepfunctions",
        endpoint_url=lab.cloud.endpoint_url,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(inject_host_prefix=False, retries={"total_max_attempts": 1}),
    )
    answer: dict[str, Any] = client.start_sync_execution(stateMachineArn=arn, input=json.dumps(value))
    return answer


def test_versions_and_aliases_start_what_was_published(lab: Lab) -> None:
    arn = made(lab, "versions", PASS, publish=True)
    lab.stepfunctions.update_state_machine(stateMachineArn=arn, definition=json.dumps(WAIT))
    alias = lab.stepfunctions.create_state_machine_alias(
        name="live", routingConfiguration=[{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    )["stateMachineAliasArn"]
    for asked in (f"{arn}:1", alias):
        found = ended(lab, started(lab, asked))
        assert (found["output"], found["stateMachineArn"], found["stateMachineVersionArn"]) == (
            '{"done":true}',
            arn,
            f"{arn}:1",
        )
    assert found["stateMachineAliasArn"] == alias


# -- refusals


@pytest.mark.parametrize(
    ("asked", "code", "message"),
    [
        ({"input": "{"}, "InvalidExecutionInput", "Invalid State Machine Execution Input"),
        ({"name": "a b"}, "InvalidName", "Invalid Name: 'a b'"),
        ({"name": "x" * 81}, "InvalidName", "Invalid Name"),
        ({"input": '"' + "x" * 262_144 + '"'}, "ValidationException", "length less than or equal to 262144"),
    ],
    ids=["input", "name", "long name", "large input"],
)
def test_execution_that_cannot_begin_is_refused(lab: Lab, asked: dict[str, Any], code: str, message: str) -> None:
    arn = lab.arn("states", "stateMachine:refusing")
    if not any(each["name"] == "refusing" for each in lab.stepfunctions.list_state_machines()["stateMachines"]):
        made(lab, "refusing", PASS)
    with pytest.raises(ClientError, match=message) as refused:
        lab.stepfunctions.start_execution(stateMachineArn=arn, **asked)
    assert refused.value.response["Error"]["Code"] == code


def test_state_machine_with_a_fault_is_refused_with_every_fault(lab: Lab) -> None:
    bad = machine("X", P={"Type": "Pass", "Next": "Z"})
    with pytest.raises(ClientError) as refused:
        made(lab, "bad", bad)
    error = refused.value.response["Error"]
    assert error["Code"] == "InvalidDefinition"
    assert error["Message"] == (
        "Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'StartAt' target: X at /StartAt, "
        "MISSING_TRANSITION_TARGET: Missing 'Next' target: Z at /States/P/Next'"
    )
    validated = lab.stepfunctions.validate_state_machine_definition(definition=json.dumps(bad))
    assert validated["result"] == "FAIL"
    assert [each["location"] for each in validated["diagnostics"]] == ["/StartAt", "/States/P/Next"]


@pytest.mark.parametrize(
    ("definition", "settings", "message"),
    [
        (PASS, {"tracingConfiguration": {"enabled": True}}, "X-Ray"),
        (PASS, {"encryptionConfiguration": {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k"}}, "encryption"),
        ({**PASS, "QueryLanguage": "JSONata"}, {}, "the query language JSONata"),
        (call("sqs:sendMessage.waitForTaskToken"), {}, "pattern .waitForTaskToken"),
        (call("aws-sdk:rekognition:detectFaces"), {}, "rekognition detectFaces"),
    ],
    ids=["tracing", "key", "JSONata", "token", "service"],
)
def test_what_would_be_kept_and_not_obeyed_is_not_served(
    lab: Lab, definition: Any, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message) as refused:
        made(lab, "unserved", definition, **settings)
    assert refused.value.response["Error"]["Code"] == "NotImplementedException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_role_has_to_trust_step_functions(lab: Lab) -> None:
    role = lab.role("stranger", "lambda.amazonaws.com")
    with pytest.raises(ClientError, match="Neither the global service principal states.amazonaws.com") as refused:
        lab.stepfunctions.create_state_machine(name="stranger", definition=json.dumps(PASS), roleArn=role)
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


def test_another_state_machine_of_the_same_name_is_refused_and_the_same_one_is_not(lab: Lab) -> None:
    arn = made(lab, "twin", PASS)
    assert made(lab, "twin", PASS) == arn
    with pytest.raises(ClientError, match=f"State Machine Already Exists: '{arn}'") as refused:
        made(lab, "twin", WAIT)
    assert refused.value.response["Error"]["Code"] == "StateMachineAlreadyExists"


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        ("create_activity", {"name": "a"}),
        ("list_activities", {}),
        ("send_task_success", {"taskToken": "t", "output": "{}"}),
        ("send_task_failure", {"taskToken": "t"}),
        ("send_task_heartbeat", {"taskToken": "t"}),
        ("list_map_runs", {"executionArn": "arn:aws:states:eu-west-1:123456789012:execution:m:e"}),
        ("redrive_execution", {"executionArn": "arn:aws:states:eu-west-1:123456789012:execution:m:e"}),
    ],
)
def test_operations_that_would_do_nothing_are_refused_by_name(lab: Lab, operation: str, asked: dict[str, Any]) -> None:
    name = "".join(word.title() for word in operation.split("_"))
    with pytest.raises(ClientError, match=f"does not serve stepfunctions {name}"):
        getattr(lab.stepfunctions, operation)(**asked)


# -- tasks


def test_function_by_its_arn_gives_its_answer_alone(lab: Lab) -> None:
    arn = lab.function("half", "def handle(event, context):\n    return {'half': event['t'] / 2}\n")
    direct = machine("F", F={"Type": "Task", "Resource": arn, "End": True})
    found = run(lab, "direct", direct, ("lambda:InvokeFunction", arn), value={"t": 41})
    assert output(found) == {"half": 20.5}


def test_lambda_invoke_gives_payload_status_and_version(lab: Lab) -> None:
    arn = lab.function("doubler", "def handle(event, context):\n    return event['t'] * 2\n")
    definition = call("lambda:invoke", Parameters={"FunctionName": arn, "Payload.$": "$"})
    answer = output(run(lab, "invoke", definition, ("lambda:InvokeFunction", arn), value={"t": 4}))
    assert (answer["Payload"], answer["StatusCode"], answer["ExecutedVersion"]) == (8, 200, "$LATEST")
    assert answer["SdkHttpMetadata"]["HttpStatusCode"] == 200


def test_exception_of_a_function_is_an_error_that_catch_knows_by_its_class(lab: Lab) -> None:
    arn = lab.function("raiser", "class TooHot(Exception): pass\ndef handle(event, context):\n    raise TooHot('45')\n")
    caught = {"ErrorEquals": ["TooHot"], "Next": "P"}
    states = {
        "F": {"Type": "Task", "Resource": arn, "Catch": [caught], "End": True},
        "P": {"Type": "Pass", "End": True},
    }
    answer = output(run(lab, "raising", machine("F", **states), ("lambda:InvokeFunction", arn)))
    assert answer["Error"] == "TooHot"
    assert json.loads(answer["Cause"])["errorMessage"] == "45"


def test_role_without_the_permission_fails_the_task_in_awss_words(lab: Lab) -> None:
    arn = lab.function("secret", "def handle(event, context):\n    return 1\n")
    found = run(lab, "denied", machine("F", F={"Type": "Task", "Resource": arn, "End": True}))
    assert (found["status"], found["error"]) == ("FAILED", "Lambda.AWSLambdaException")
    assert "assumed-role/denied_role/" in found["cause"]
    assert (
        f"is not authorized to perform: lambda:InvokeFunction on resource: {arn} because no identity-based policy "
        "allows the lambda:InvokeFunction action (Service: AWSLambda; Status Code: 403; Error Code: "
        "AccessDeniedException; Request ID: "
    ) in found["cause"]


def test_role_that_is_not_trusted_any_more_fails_the_task(lab: Lab) -> None:
    definition = call("sqs:sendMessage", Parameters={"QueueUrl": "http://localhost/1/q", "MessageBody": "m"})
    arn = made(lab, "distrusted", definition)
    lab.role("distrusted_role", "lambda.amazonaws.com")
    found = ended(lab, started(lab, arn))
    assert found["error"] == "States.TaskFailed"
    assert "Neither the global service principal states.amazonaws.com" in found["cause"]


def test_function_that_does_not_exist_is_named(lab: Lab) -> None:
    arn = lab.arn("lambda", "function:nobody")
    found = run(lab, "nobody", machine("F", F={"Type": "Task", "Resource": arn, "End": True}), ("lambda:*", "*"))
    assert found["error"] == "Lambda.ResourceNotFoundException"
    assert found["cause"].startswith(f"Function not found: {arn} (Service: AWSLambda; Status Code: 404; ")


def test_dynamodb_puts_updates_gets_and_deletes(lab: Lab) -> None:
    arn = table(lab, "States")
    key = {"id": {"S.$": "$.id"}}
    common = {"TableName": "States"}
    update = {"UpdateExpression": "SET t = :t", "ExpressionAttributeValues": {":t": {"N": "7"}}}

    def step(action: str, following: str, **fields: Any) -> dict[str, Any]:
        return {"Type": "Task", "Resource": f"{INTEGRATION}dynamodb:{action}", "Next": following, **fields}

    states = {
        "Put": step("putItem", "Update", Parameters={**common, "Item": key}, ResultPath=None),
        "Update": step("updateItem", "Get", Parameters={**common, "Key": key, **update}, ResultPath=None),
        "Get": step("getItem", "Delete", Parameters={**common, "Key": key}, ResultPath="$.got"),
        "Delete": step("deleteItem", "End", Parameters={**common, "Key": key}, ResultPath=None),
        "End": {"Type": "Pass", "OutputPath": "$.got.Item", "End": True},
    }
    found = run(lab, "items", machine("Put", **states), ("dynamodb:*", arn), value={"id": "a"})
    assert output(found) == {"id": {"S": "a"}, "t": {"N": "7"}}
    assert lab.dynamodb.scan(TableName="States")["Count"] == 0


def test_condition_that_fails_is_an_error_by_its_name(lab: Lab) -> None:
    arn = table(lab, "Conditions")
    given = {"TableName": "Conditions", "Item": {"id": {"S": "a"}}, "ConditionExpression": "attribute_exists(id)"}
    found = run(lab, "condition", call("dynamodb:putItem", Parameters=given), ("dynamodb:PutItem", arn))
    assert found["error"] == "DynamoDB.ConditionalCheckFailedException"
    assert found["cause"].startswith("The conditional request failed (Service: AmazonDynamoDBv2; Status Code: 400; ")


def test_parameter_of_a_wrong_type_cannot_start_the_task(lab: Lab) -> None:
    arn = table(lab, "Types")
    given = {"TableName": "Types", "Item": {"id": {"S.$": "$.id"}}}
    found = run(lab, "types", call("dynamodb:putItem", Parameters=given), ("dynamodb:PutItem", arn), value={"id": 5})
    assert found["error"] == "States.Runtime"
    assert found["cause"] == (
        "An error occurred while executing the state 'dynamodb_putItem' (entered at the event id #2). The Parameters "
        '\'{"TableName":"Types","Item":{"id":{"S":5}}}\' could not be used to start the Task: '
        "[The value for the field 'S' must be a STRING]"
    )


def test_queue_topic_and_bus_get_objects_as_json(lab: Lab) -> None:
    url = lab.sqs.create_queue(QueueName="outcomes")["QueueUrl"]
    topic = lab.sns.create_topic(Name="outcomes")["TopicArn"]
    queue_arn = lab.arn("sqs", "outcomes")
    senders = {"Service": ["events.amazonaws.com", "sns.amazonaws.com"]}
    statement = {"Effect": "Allow", "Principal": senders, "Action": "sqs:SendMessage", "Resource": queue_arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    lab.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    lab.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn, Attributes={"RawMessageDelivery": "true"})
    lab.events.put_rule(Name="outcomes", EventPattern=json.dumps({"source": ["machine"]}))
    lab.events.put_targets(Rule="outcomes", Targets=[{"Id": "1", "Arn": queue_arn}])
    branches = [
        call("sqs:sendMessage", Parameters={"QueueUrl": url, "MessageBody.$": "$"}),
        call("sns:publish", Parameters={"TopicArn": topic, "Message.$": "$"}),
        call(
            "events:putEvents",
            Parameters={"Entries": [{"Source": "machine", "DetailType": "outcome", "Detail.$": "$"}]},
        ),
    ]
    allowed = [("sqs:SendMessage", "*"), ("sns:Publish", "*"), ("events:PutEvents", "*")]
    definition = machine("All", All={"Type": "Parallel", "Branches": branches, "End": True})
    answers = output(run(lab, "sending", definition, *allowed, value={"t": 1}))
    assert [bool(answer) for answer in answers] == [True] * 3
    assert "MD5OfMessageBody" in answers[0]
    assert lab.cloud.settle()
    got = lab.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    bodies = [json.loads(message["Body"]) for message in got]
    assert bodies.count({"t": 1}) == 2
    [event] = [body for body in bodies if "detail-type" in body]
    assert event["detail"] == {"t": 1}
    assert event["resources"][0] == lab.arn("states", "stateMachine:sending")
    assert event["resources"][1].startswith(lab.arn("states", "execution:sending:"))


def test_state_machine_starts_another(lab: Lab) -> None:
    inner = made(lab, "inner", PASS)
    definition = call("states:startExecution", Parameters={"StateMachineArn": inner, "Input": {"a.$": "$.a"}})
    answer = output(run(lab, "outer", definition, ("states:StartExecution", inner), value={"a": 1}))
    assert json.loads(ended(lab, answer["ExecutionArn"])["input"]) == {"a": 1}


def test_any_operation_of_this_cloud_by_the_sdk_integration(lab: Lab) -> None:
    url = lab.sqs.create_queue(QueueName="sdk")["QueueUrl"]
    definition = machine(
        "Ask",
        Ask={
            "Type": "Task",
            "Resource": f"{INTEGRATION}aws-sdk:sqs:getQueueAttributes",
            "Parameters": {"QueueUrl": url, "AttributeNames": ["QueueArn"]},
            "ResultPath": "$.queue",
            "Next": "Publish",
        },
        Publish={
            "Type": "Task",
            "Resource": f"{INTEGRATION}aws-sdk:iotdataplane:publish",
            "Parameters": {"Topic": "from/machine", "Payload": {"a.$": "$.queue.Attributes.QueueArn"}, "Qos": 1},
            "End": True,
        },
    )
    allowed = [("sqs:GetQueueAttributes", "*"), ("iot:Publish", "*")]
    assert output(run(lab, "sdk", definition, *allowed)) == {}
    role = lab.role("sdk_rule", "iot.amazonaws.com", ("sqs:SendMessage", "*"))
    lab.rule("sdk", {"sqs": {"queueUrl": url, "roleArn": role}}, sql="SELECT * FROM 'from/machine'")
    ended(lab, started(lab, lab.arn("states", "stateMachine:sdk")))
    assert lab.cloud.settle()
    [message] = lab.sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"]) == {"a": lab.arn("sqs", "sdk")}


def test_error_of_an_sdk_integration_has_the_names_of_the_java_sdk(lab: Lab) -> None:
    definition = call("aws-sdk:dynamodb:getItem", Parameters={"TableName": "Nowhere", "Key": {"id": {"S": "a"}}})
    found = run(lab, "sdk_error", definition, ("dynamodb:GetItem", "*"))
    assert found["error"] == "DynamoDb.ResourceNotFoundException"
    assert "(Service: DynamoDb, Status Code: 400, Request ID: " in found["cause"]
    assert run(lab, "sdk_denied", definition)["error"] == "DynamoDb.DynamoDbException"


def test_trace_tells_each_task_and_the_end(lab: Lab) -> None:
    arn = table(lab, "Traced")
    definition = call("dynamodb:putItem", Parameters={"TableName": "Traced", "Item": {"id": {"S": "a"}}})
    done = run(lab, "traced", definition, ("dynamodb:PutItem", arn))["executionArn"]
    texts = [step["text"] for step in lab.cloud.trace.of(done)["steps"]]
    assert texts == ["state dynamodb_putItem: dynamodb:putItem done", "the execution SUCCEEDED"]
    failed = run(lab, "untraced", definition)["executionArn"]
    [task, end] = lab.cloud.trace.of(failed)["steps"]
    assert task["refused"]
    assert "failed: DynamoDB.AmazonDynamoDBException: User: " in task["text"]
    assert end["text"].startswith("the execution FAILED: DynamoDB.AmazonDynamoDBException: User: ")
