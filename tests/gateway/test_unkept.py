"""What moto would take and never act on is refused: by operation, and by single parameters."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from botocore.model import ListShape
from moto.core.utils import get_service_model

from labcloud.gateway.refused import NEVER_DONE
from labcloud.gateway.unkept import UNKEPT, unkept
from labcloud.motobase.wire import operations_of
from tests.running import Lab

ENTRIES = [
    (service, operation, each.where)
    for service, operations in UNKEPT.items()
    for operation, found in operations.items()
    for each in found
]


@pytest.mark.parametrize(("service", "operation", "where"), ENTRIES)
def test_every_refused_parameter_is_one_of_aws(service, operation, where):
    assert operation in operations_of(service)
    assert operation not in NEVER_DONE.get(service, {})
    shape = get_service_model(service).operation_model(operation).input_shape
    for name in where.split("."):
        shape = shape.member if isinstance(shape, ListShape) else shape
        assert name in shape.members
        shape = shape.members[name]


TOPIC = "arn:aws:sns:eu-west-1:123456789012:t"
QUERY = {"Id": "m", "Expression": "SUM(METRICS())"}
REFUSED = [
    ("athena", "create_data_catalog", {"Name": "c", "Type": "LAMBDA"}, "the catalogue of Glue only"),
    ("cloudwatch", "get_metric_data", {"MetricDataQueries": [QUERY], "StartTime": 0, "EndTime": 1}, "metric math"),
    ("dynamodb", "update_table", {"TableName": "ttt", "ReplicaUpdates": [{"Create": {"RegionName": "eu-west-2"}}]},
     "nothing would be replicated"),
    ("glue", "create_trigger", {"Name": "t", "Type": "SCHEDULED", "Schedule": "rate(1 day)", "Actions": []},
     "no trigger would fire"),
    ("iot", "search_index", {"queryString": "attributes.floor>2"}, "equal names"),
    ("iot", "search_index", {"queryString": "shadow.reported.on:true"}, "equal names"),
    ("iot", "update_indexing_configuration",
     {"thingIndexingConfiguration": {"thingIndexingMode": "REGISTRY_AND_SHADOW"}}, "shadows are not indexed"),
    ("lambda", "update_function_configuration", {"FunctionName": "f", "TracingConfig": {"Mode": "Active"}}, "X-Ray"),
    ("s3", "put_object", {"Bucket": "bbb", "Key": "k", "WebsiteRedirectLocation": "/x"}, "no website is served"),
    ("s3", "put_object", {"Bucket": "bbb", "Key": "k", "SSECustomerAlgorithm": "AES256", "SSECustomerKey": "0" * 32},
     "could be read without the key"),
    ("logs", "filter_log_events", {"logGroupName": "g", "filterPattern": "{ $.level = 5 }"}, "patterns of terms"),
    ("sns", "publish", {"PhoneNumber": "+49151", "Message": "m"}, "no text message would be sent"),
    ("sns", "subscribe", {"TopicArn": TOPIC, "Protocol": "sms", "Endpoint": "+49151"}, "no text message would be sent"),
    ("sns", "set_topic_attributes", {"TopicArn": TOPIC, "AttributeName": "SQSFailureFeedbackRoleArn"}, "not logged"),
    ("ssm", "put_parameter", {"Name": "p", "Value": "v", "Type": "String", "Policies": "[]x"}, "would not expire"),
]  # fmt: skip


@pytest.mark.parametrize(("service", "call", "arguments", "reason"), REFUSED)
def test_a_parameter_that_would_be_dropped_is_refused_with_the_reason(lab: Lab, service, call, arguments, reason):
    with pytest.raises(ClientError) as refused:
        getattr(lab.__getattr__(service), call)(**arguments)
    answer = refused.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == ("NotImplementedException", 501)
    operation = refused.value.operation_name
    assert f"does not serve {service} {operation} with this" in answer["Error"]["Message"]
    assert reason in answer["Error"]["Message"]


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("athena", "CreateDataCatalog", {"Name": "c", "Type": "GLUE"}),
        ("cloudwatch", "GetMetricData", {"MetricDataQueries": [{"Id": "m", "MetricStat": {}}]}),
        ("dynamodb", "UpdateTable", {"TableName": "t", "ReplicaUpdates": []}),
        ("iot", "SearchIndex", {"queryString": "thingName:lamp* AND attributes.floor:2"}),
        ("iot", "RegisterCACertificate", {"allowAutoRegistration": False}),
        ("lambda", "CreateFunction", {"TracingConfig": {"Mode": "PassThrough"}}),
        ("logs", "PutSubscriptionFilter", {"filterPattern": '"two words" -not ?any'}),
        ("sns", "Subscribe", {"Protocol": "email"}),
        ("sns", "SetTopicAttributes", {"AttributeName": "DisplayName"}),
    ],
)
def test_what_asks_for_nothing_more_is_taken(service, operation, parameters):
    assert unkept(service, operation, parameters) is None
