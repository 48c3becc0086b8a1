"""Rule actions in a running cloud: what a message leaves behind, seen with boto3."""

from __future__ import annotations

import json

import pytest

from tests.support import wait_until

IOT = "iot.amazonaws.com"


def test_dynamodb_inserts_updates_and_deletes_an_item(lab):
    lab.dynamodb.create_table(
        TableName="Readings",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "at", "AttributeType": "N"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    role = lab.role("readings_role", IOT, ("dynamodb:*", lab.arn("dynamodb", "table/Readings")))
    keys = {"hashKeyField": "id", "hashKeyValue": "${id}", "rangeKeyField": "at", "rangeKeyValue": "${at}"}
    action = {"tableName": "Readings", "roleArn": role, **keys, "rangeKeyType": "NUMBER", "operation": "${todo}"}
    lab.rule("readings", {"dynamoDB": action}, sql="SELECT id, v FROM 'dynamodb'")
    key = {"id": {"S": "x"}, "at": {"N": "7"}}

    def publish(todo, value):
        lab.publish("dynamodb", {"id": "x", "at": 7, "v": value, "todo": todo})
        return lab.dynamodb.get_item(TableName="Readings", Key=key).get("Item")

    payload = {"M": {"id": {"S": "x"}, "v": {"N": "1"}}}
    assert publish("INSERT", 1) == {**key, "payload": payload}
    assert publish("UPDATE", 2)["payload"]["M"]["v"] == {"N": "2"}
    assert publish("DELETE", 3) is None


def test_s3_stores_bytes_as_they_are_and_the_error_action_tells_of_a_missing_bucket(lab):
    lab.s3.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    role = lab.role("lake_role", IOT, ("s3:PutObject", "arn:aws:s3:::*"))
    good = {"s3": {"bucketName": "lake", "key": "raw/${topic()}", "roleArn": role}}
    bad = {"s3": {"bucketName": "nowhere", "key": "k", "roleArn": role}}
    error = {"s3": {"bucketName": "lake", "key": "errors/${topic()}", "roleArn": role}}
    lab.rule("lake", good, bad, sql="SELECT * FROM 's3/#'", error=error)
    lab.publish("s3/a", b"\x00\xff")
    found = lab.objects_in("lake")
    assert found["raw/s3/a"] == b"\x00\xff"
    [failure] = json.loads(found["errors/s3/a"])["failures"]
    assert (failure["failedAction"], failure["failedResource"]) == ("S3Action", "nowhere")
    assert failure["errorMessage"].startswith(
        "Failed to put S3 object. The error received was The specified bucket does not exist "
    )


def test_s3_applies_a_canned_acl_only_with_the_permission(lab):
    lab.s3.create_bucket(Bucket="shared", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    role = lab.role("shared_role", IOT, ("s3:PutObject", "arn:aws:s3:::shared/*"))
    lab.rule(
        "shared",
        {"s3": {"bucketName": "shared", "key": "k", "cannedAcl": "public-read", "roleArn": role}},
        sql="SELECT * FROM 'acl'",
    )
    assert "lacks s3:PutObjectAcl" in lab.publish("acl", {})[-1]
    lab.role("shared_role", IOT, ("s3:PutObject*", "arn:aws:s3:::shared/*"))
    lab.publish("acl", {})
    grants = lab.s3.get_object_acl(Bucket="shared", Key="k")["Grants"]
    assert any(grant["Grantee"].get("URI", "").endswith("AllUsers") for grant in grants)


def test_sqs_and_sns_carry_the_result_and_the_topic_fans_out_to_the_queue(lab):
    topic = lab.sns.create_topic(Name="alarms")["TopicArn"]
    allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**allow, "Resource": lab.arn("sqs", "alarms")}]})
    url = lab.sqs.create_queue(QueueName="alarms", Attributes={"Policy": policy})["QueueUrl"]
    lab.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=lab.arn("sqs", "alarms"))
    role = lab.role("alarms_role", IOT, ("sqs:SendMessage", lab.arn("sqs", "alarms")), ("sns:Publish", topic))
    lab.rule(
        "alarms",
        {"sqs": {"queueUrl": url, "roleArn": role, "useBase64": False}},
        {"sns": {"targetArn": topic, "roleArn": role, "messageFormat": "RAW"}},
        sql="SELECT * FROM 'queue'",
    )
    lab.publish("queue", {"a": 1})
    messages = lab.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    bodies = sorted((json.loads(message["Body"]) for message in messages), key=len)
    assert bodies[0] == {"a": 1}
    assert (bodies[1]["Message"], bodies[1]["TopicArn"]) == ('{"a":1}', topic)


def test_kinesis_gets_the_result_with_its_partition_key(lab):
    lab.kinesis.create_stream(StreamName="raw", ShardCount=1)
    role = lab.role("raw_role", IOT, ("kinesis:PutRecord", lab.arn("kinesis", "stream/raw")))
    lab.rule(
        "raw",
        {"kinesis": {"streamName": "raw", "partitionKey": "${topic()}", "roleArn": role}},
        sql="SELECT * FROM 'kinesis'",
    )
    lab.publish("kinesis", {"a": 1})
    shard = lab.kinesis.list_shards(StreamName="raw")["Shards"][0]["ShardId"]
    start = lab.kinesis.get_shard_iterator(StreamName="raw", ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    [record] = lab.kinesis.get_records(ShardIterator=start["ShardIterator"])["Records"]
    assert (record["Data"], record["PartitionKey"]) == (b'{"a":1}', "kinesis")


def test_a_missing_stream_is_a_failure_that_names_it(lab):
    role = lab.role("raw2_role", IOT, ("kinesis:PutRecord", "*"))
    lab.rule("raw2", {"kinesis": {"streamName": "none", "roleArn": role}}, sql="SELECT * FROM 'kinesis2'")
    assert "PutRecord into stream none failed: ResourceNotFoundException" in lab.publish("kinesis2", {})[-1]


def test_cloudwatch_logs_metric_and_alarm(lab):
    lab.logs.create_log_group(logGroupName="devices")
    lab.cloudwatch.put_metric_alarm(
        AlarmName="hot",
        Namespace="House",
        MetricName="Temperature",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        Period=60,
        Statistic="Average",
        Threshold=40,
    )
    role = lab.role("watch_role", IOT, ("logs:*", "*"), ("cloudwatch:*", "*"))
    metric = {"metricNamespace": "House", "metricName": "Temperature", "metricUnit": "None"}
    lab.rule(
        "watch",
        {"cloudwatchLogs": {"logGroupName": "devices", "roleArn": role}},
        {"cloudwatchMetric": {**metric, "metricValue": "${temperature}", "roleArn": role}},
        {
            "cloudwatchAlarm": {
                "alarmName": "hot",
                "stateValue": "ALARM",
                "stateReason": "${temperature}",
                "roleArn": role,
            }
        },
        sql="SELECT * FROM 'watch'",
    )
    lab.publish("watch", {"temperature": 45})
    assert lab.lines_of("devices") == ['{"temperature":45}']
    now = lab.cloud.clock.now()
    [point] = lab.cloudwatch.get_metric_statistics(
        Namespace="House",
        MetricName="Temperature",
        StartTime=now - 600,
        EndTime=now + 600,
        Period=3600,
        Statistics=["Average"],
    )["Datapoints"]
    assert point["Average"] == 45
    [alarm] = lab.cloudwatch.describe_alarms(AlarmNames=["hot"])["MetricAlarms"]
    assert (alarm["StateValue"], alarm["StateReason"]) == ("ALARM", "45")


def test_a_policy_may_limit_metrics_to_a_namespace(lab):
    role = lab.role("metric_role", IOT)
    condition = {"StringEquals": {"cloudwatch:namespace": "Other"}}
    statement = {"Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*", "Condition": condition}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    lab.iam.put_role_policy(RoleName="metric_role", PolicyName="p", PolicyDocument=document)
    metric = {"metricNamespace": "House", "metricName": "T", "metricUnit": "None", "metricValue": "1"}
    lab.rule("metric", {"cloudwatchMetric": {**metric, "roleArn": role}}, sql="SELECT * FROM 'metric'")
    assert "refused: role metric_role" in lab.publish("metric", {})[-1]


def test_http_posts_once_the_destination_is_confirmed(lab, receiver):
    action = {"http": {"url": receiver.url + "/in", "headers": [{"key": "X-Zone", "value": "${zone}"}]}}
    lab.rule("web", action, sql="SELECT * FROM 'web'")
    asked = wait_until(lambda: receiver.received and receiver.received[0], because="the confirmation")
    assert asked.headers["x-amz-rules-engine-message-type"] == "DestinationConfirmation"
    confirmation = json.loads(asked.body)
    assert confirmation["messageType"] == "DestinationConfirmation"
    assert "No enabled topic rule destination" in lab.publish("web", {"zone": "1"})[-1]

    lab.iot.confirm_topic_rule_destination(confirmationToken=confirmation["confirmationToken"])
    described = lab.iot.get_topic_rule_destination(arn=confirmation["arn"])["topicRuleDestination"]
    assert (described["status"], described["httpUrlProperties"]["confirmationUrl"]) == ("ENABLED", receiver.url + "/in")
    assert lab.publish("web", {"zone": "1"})[-1] == f"rule web: POST {receiver.url}/in done"
    got = receiver.received[-1]
    assert (got.path, got.body, got.headers["x-zone"]) == ("/in", b'{"zone":"1"}', "1")
    assert got.headers["content-type"] == "application/json"


def test_a_destination_is_confirmed_by_its_url_disabled_and_deleted(lab, receiver):
    made = lab.iot.create_topic_rule_destination(
        destinationConfiguration={"httpUrlConfiguration": {"confirmationUrl": receiver.url}}
    )["topicRuleDestination"]
    assert made["status"] == "IN_PROGRESS"
    confirmation = json.loads(wait_until(lambda: receiver.received and receiver.received[0]).body)
    assert open_url(confirmation["enableUrl"]) == 200
    assert open_url(confirmation["enableUrl"]) == 400
    listed = lab.iot.list_topic_rule_destinations()["destinationSummaries"]
    assert [d["status"] for d in listed if d["arn"] == made["arn"]] == ["ENABLED"]
    lab.iot.update_topic_rule_destination(arn=made["arn"], status="DISABLED")
    assert lab.iot.get_topic_rule_destination(arn=made["arn"])["topicRuleDestination"]["status"] == "DISABLED"
    lab.iot.delete_topic_rule_destination(arn=made["arn"])
    with pytest.raises(lab.iot.exceptions.UnauthorizedException):
        lab.iot.get_topic_rule_destination(arn=made["arn"])


def open_url(url):
    import requests

    return requests.get(url, timeout=5).status_code


def test_a_destination_elsewhere_is_refused_with_the_setting_that_would_allow_it(lab):
    made = lab.iot.create_topic_rule_destination(
        destinationConfiguration={"httpUrlConfiguration": {"confirmationUrl": "https://192.0.2.1/in"}}
    )["topicRuleDestination"]

    def reason():
        found = lab.iot.get_topic_rule_destination(arn=made["arn"])["topicRuleDestination"]
        return found["status"] == "ERROR" and found["statusReason"]

    assert "--post-anywhere" in wait_until(reason, because="the refusal")


def test_republish_headers_reach_the_broker(lab):
    published = []
    lab.cloud.broker.publish, stock = spy(lab.cloud.broker.publish, published), lab.cloud.broker.publish
    try:
        role = lab.role("again_role", IOT, ("iot:Publish", lab.arn("iot", "topic/again")))
        headers = {"contentType": "text/plain", "userProperties": [{"key": "from", "value": "${topic()}"}]}
        action = {"topic": "again", "roleArn": role, "headers": headers}
        lab.rule("again", {"republish": action}, sql="SELECT * FROM 'first'")
        lab.publish("first", {"a": 1})
    finally:
        lab.cloud.broker.publish = stock
    [properties] = [options["properties"] for topic, options in published if topic == "again"]
    assert (properties.content_type, properties.user_properties) == ("text/plain", (("from", "first"),))


def spy(publish, seen):
    def call(origin, topic, payload, **options):
        seen.append((topic, options))
        return publish(origin, topic, payload, **options)

    return call


def test_a_receiver_that_does_not_answer_holds_up_no_other_rule(lab, receiver):
    action = {"http": {"url": receiver.url + "/slow"}}
    lab.rule("slow", action, sql="SELECT * FROM 'slow'")
    token = json.loads(wait_until(lambda: receiver.received and receiver.received[0]).body)["confirmationToken"]
    lab.iot.confirm_topic_rule_destination(confirmationToken=token)
    url = lab.sqs.create_queue(QueueName="fast")["QueueUrl"]
    role = lab.role("fast_role", IOT, ("sqs:SendMessage", lab.arn("sqs", "fast")))
    lab.rule("fast", {"sqs": {"queueUrl": url, "roleArn": role, "useBase64": False}}, sql="SELECT * FROM 'slow'")
    with receiver.held_up():
        lab.iot_data.publish(topic="slow", payload=b"{}", qos=1)
        arrived = wait_until(lambda: lab.sqs.receive_message(QueueUrl=url).get("Messages"), within_s=2.5)
        assert len(arrived) == 1
    assert lab.cloud.settle()


def test_http_is_tried_three_times_when_the_receiver_is_overloaded(lab, receiver):
    lab.rule("again3", {"http": {"url": receiver.url + "/busy"}}, sql="SELECT * FROM 'busy'")
    token = json.loads(wait_until(lambda: receiver.received and receiver.received[0]).body)["confirmationToken"]
    lab.iot.confirm_topic_rule_destination(confirmationToken=token)
    receiver.statuses = [503, 429, 200]
    assert lab.publish("busy", {})[-1].endswith("done")
    receiver.statuses = [500, 500, 500]
    assert lab.publish("busy", {})[-1].endswith("StatusCode: 500. Reason: Internal Server Error.")
    receiver.statuses = [404]
    assert lab.publish("busy", {})[-1].endswith("StatusCode: 404. Reason: Not Found.")
    assert len(receiver.received) == 1 + 3 + 3 + 1


def test_http_batches_messages_and_tells_the_error_action_of_all(lab, receiver):
    lab.s3.create_bucket(Bucket="batch-errors", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    role = lab.role("batch_role", IOT, ("s3:PutObject", "arn:aws:s3:::batch-errors/*"))
    batching = {"maxBatchOpenMs": 200, "maxBatchSize": 2}
    action = {"http": {"url": receiver.url + "/all", "enableBatching": True, "batchConfig": batching}}
    error = {"s3": {"bucketName": "batch-errors", "key": "k", "roleArn": role}}
    lab.rule("batch", action, sql="SELECT * FROM 'batch'", error=error)
    token = json.loads(wait_until(lambda: receiver.received and receiver.received[0]).body)["confirmationToken"]
    lab.iot.confirm_topic_rule_destination(confirmationToken=token)

    def publish_two():
        for number in (1, 2):
            lab.iot_data.publish(topic="batch", payload=json.dumps({"n": number}).encode(), qos=1)
        assert lab.cloud.settle()

    publish_two()
    assert [json.loads(request.body) for request in receiver.received[1:]] == [[{"n": 1}, {"n": 2}]]
    receiver.statuses = [404]
    publish_two()
    told = json.loads(lab.objects_in("batch-errors")["k"])
    assert (told["ruleName"], told["topic"]) == ("batch", "batch")
    assert [entry["id"] for entry in told["payloadsWithMetadata"]] == [1, 2]
    [failure] = told["failures"]
    assert (failure["affectedIds"], failure["failedAction"]) == ([1, 2], "HttpAction")
    assert "StatusCode: 404" in failure["errorMessage"]


def test_an_http_batch_is_sent_when_its_time_is_over(lab, receiver):
    action = {"http": {"url": receiver.url + "/time", "enableBatching": True, "batchConfig": {"maxBatchOpenMs": 5}}}
    lab.rule("batch_time", action, sql="SELECT * FROM 'batch_time'")
    token = json.loads(wait_until(lambda: receiver.received and receiver.received[0]).body)["confirmationToken"]
    lab.iot.confirm_topic_rule_destination(confirmationToken=token)
    lab.iot_data.publish(topic="batch_time", payload=b"{}", qos=1)
    wait_until(lambda: len(receiver.received) == 2, because="the batch of one")
    assert receiver.received[1].body == b"[{}]"
