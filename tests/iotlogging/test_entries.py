"""What of the broker's and the rules' doings becomes a log entry."""

from __future__ import annotations

import json

from labcloud.api import Scope
from labcloud.iotlogging.entries import Subject, lifecycle_entries, publish_entry, rule_entry
from labcloud.iotlogging.options import Options

HERE = Scope("123456789012", "eu-west-1")
PUBLISHED = Subject(HERE, "trace", "rules/test", "house", "principal", "127.0.0.1")


def lifecycle(kind, **fields):
    subject = Subject(HERE, "trace", f"$aws/events/{kind}/house")
    told = {"clientId": "house", "principalIdentifier": "principal", **fields}
    return lifecycle_entries(subject, json.dumps(told).encode())


def test_a_client_that_comes_and_goes():
    [connected] = lifecycle("presence/connected", ipAddress="127.0.0.1")
    assert connected == {
        "logLevel": "INFO",
        "status": "Success",
        "eventType": "Connect",
        "protocol": "MQTT",
        "clientId": "house",
        "principalId": "principal",
        "sourceIp": "127.0.0.1",
    }
    [gone] = lifecycle("presence/disconnected", disconnectReason="CONNECTION_LOST")
    assert (gone["eventType"], gone["disconnectReason"]) == ("Disconnect", "CONNECTION_LOST")


def test_a_client_that_may_not_connect_is_an_error():
    [refused] = lifecycle("presence/connect_failed", ipAddress="127.0.0.1")
    assert (refused["logLevel"], refused["status"], refused["reason"]) == ("ERROR", "Failure", "AUTHORIZATION_FAILURE")


def test_each_topic_filter_of_a_subscription_is_an_entry():
    entries = lifecycle("subscriptions/subscribed", topics=["a", "b/#"])
    assert [(entry["eventType"], entry["topicName"]) for entry in entries] == [("Subscribe", "a"), ("Subscribe", "b/#")]


def test_a_message_that_comes_in():
    entry = publish_entry(PUBLISHED)
    assert (entry["eventType"], entry["topicName"], entry["clientId"]) == ("Publish-In", "rules/test", "house")


def test_a_rule_that_matches_and_acts():
    match = rule_entry(PUBLISHED, "rule r matched", {"rule": "r", "matched": True, "fired": True})
    assert (match["eventType"], match["ruleName"], match["logLevel"]) == ("RuleMatch", "r", "INFO")
    facts = {"rule": "r", "delivered": True, "action": "RepublishAction", "resource": "rules/republish"}
    done = rule_entry(PUBLISHED, "done", facts)
    assert (done["eventType"], done["status"], done["ruleAction"]) == ("RuleExecution", "Success", "RepublishAction")
    assert done["resources"] == {"RepublishTopic": "rules/republish"}


def test_a_refused_action_is_an_error_with_the_reason():
    facts = {"rule": "r", "refused": True, "action": "DynamoAction", "resource": "T", "missing": "dynamodb:PutItem"}
    entry = rule_entry(PUBLISHED, "the role lacks dynamodb:PutItem", facts)
    assert (entry["logLevel"], entry["status"], entry["details"]) == (
        "ERROR",
        "Failure",
        "the role lacks dynamodb:PutItem",
    )


def test_a_function_that_fails_the_rule_is_an_execution_of_a_function():
    text = "rule r failed: get_secret: Secrets Manager can't find the specified secret."
    facts = {"rule": "r", "matched": True, "refused": True, "in_sql": True}
    failed = rule_entry(PUBLISHED, text, facts)
    assert (failed["eventType"], failed["logLevel"], failed["status"]) == ("FunctionExecution", "ERROR", "Failure")
    assert (failed["ruleName"], failed["clientId"], failed["reason"]) == ("r", "N/A", text)


def test_a_rule_that_does_not_match_is_no_entry_and_one_that_is_missing_is_an_error():
    assert rule_entry(PUBLISHED, "rule r did not match", {"rule": "r", "matched": False}) is None
    entry = rule_entry(PUBLISHED, "Basic Ingest: there is no enabled rule r", {"rule": "r", "matched": False})
    assert (entry["eventType"], entry["details"]) == ("RuleNotFound", "Rule r not found")


def entry(level, **members):
    return {"logLevel": level, "eventType": "Connect", **members}


def test_levels_let_through_what_is_as_severe():
    options = Options(level="WARN")
    assert not options.wants(entry("INFO"))
    assert options.wants(entry("ERROR"))
    assert not Options(level="DISABLED").wants(entry("ERROR"))
    assert not Options(level="DEBUG", disabled=True).wants(entry("ERROR"))


def test_a_client_may_have_a_level_of_its_own():
    options = Options(level="ERROR", by_target={("CLIENT_ID", "house"): "DEBUG"})
    assert options.wants(entry("INFO", clientId="house"))
    assert not options.wants(entry("INFO", clientId="other"))


def test_an_event_type_may_have_a_level_and_a_group_of_its_own():
    options = Options(level="ERROR", by_event={"Connect": {"logLevel": "INFO", "logDestination": "connects"}})
    assert options.wants(entry("INFO"))
    assert options.group_for(entry("INFO")) == "connects"
