"""Device shadows keep documents, versions and deltas as AWS IoT does."""

from __future__ import annotations

import json
from concurrent.futures import Future

import pytest

from labcloud.api import ApiRequest, Caller, Scope
from labcloud.clock import ManualClock
from labcloud.errors import AwsError
from labcloud.shadows import Shadows

HERE = Scope("123456789012", "eu-west-1")
NOW = 1_750_000_000


class Bench:
    """Shadows on a clock that stands, with everything that they publish."""

    def __init__(self):
        self.clock = ManualClock(NOW)
        self.published: list[tuple[str, dict]] = []
        self.unsent: list[Future] = []
        self.holds_back = False
        self.shadows = Shadows(self.clock.now, self.publish)

    def publish(self, scope, topic, body):
        """The broker has it at once, or later while it holds back."""
        self.published.append((topic, json.loads(body)))
        sent = Future()
        if self.holds_back:
            self.unsent.append(sent)
        else:
            sent.set_result(None)
        return sent

    def send(self, operation, document=None, shadow=None):
        payload = b"" if document is None else json.dumps(document).encode()
        self.published.clear()
        self.shadows.request(HERE, "lamp", shadow, operation, payload)
        return {topic.split("/shadow/")[1]: body for topic, body in self.published}

    def http(self, operation, **parameters):
        caller = Caller(HERE.account_id, "arn:aws:iam::123456789012:root")
        request = ApiRequest("iot-data", operation, {"thingName": "lamp", **parameters}, HERE.region, caller)
        return self.shadows.operations[operation](request)


@pytest.fixture
def bench():
    return Bench()


def test_an_update_answers_with_its_own_fields_and_their_metadata(bench):
    sent = bench.send("update", {"state": {"reported": {"on": True}}, "clientToken": "t1"})
    assert sent["update/accepted"] == {
        "state": {"reported": {"on": True}},
        "metadata": {"reported": {"on": {"timestamp": NOW}}},
        "version": 1,
        "timestamp": NOW,
        "clientToken": "t1",
    }


def test_a_desired_field_that_is_not_reported_makes_a_delta(bench):
    bench.send("update", {"state": {"reported": {"colour": {"r": 1, "g": 2}, "on": True}}})
    sent = bench.send("update", {"state": {"desired": {"colour": {"r": 9, "g": 2}, "list": [1]}}})
    assert sent["update/delta"]["state"] == {"colour": {"r": 9}, "list": [1]}
    assert sent["update/delta"]["metadata"] == {
        "colour": {"r": {"timestamp": NOW}},
        "list": [{"timestamp": NOW}],
    }
    assert sent["update/delta"]["version"] == 2


def test_no_delta_is_published_when_everything_desired_is_reported(bench):
    sent = bench.send("update", {"state": {"desired": {"on": True}, "reported": {"on": True, "extra": 1}}})
    assert "update/delta" not in sent


def test_documents_holds_the_state_before_and_after(bench):
    bench.send("update", {"state": {"reported": {"a": 1}}})
    documents = bench.send("update", {"state": {"reported": {"b": 2}}})["update/documents"]
    assert documents["previous"]["state"] == {"reported": {"a": 1}}
    assert documents["current"]["state"] == {"reported": {"a": 1, "b": 2}}
    assert (documents["previous"]["version"], documents["current"]["version"]) == (1, 2)


def test_null_removes_a_key_and_a_whole_section(bench):
    bench.send("update", {"state": {"desired": {"a": 1, "b": {"c": 2}}, "reported": {"x": 1}}})
    bench.send("update", {"state": {"desired": {"a": None, "b": {"c": None}}, "reported": None}})
    assert bench.send("get")["get/accepted"]["state"] == {}


def test_get_answers_with_delta_and_token(bench):
    bench.send("update", {"state": {"desired": {"on": True}, "reported": {"on": False}}})
    answer = bench.send("get", {"clientToken": "x"})["get/accepted"]
    assert answer["state"] == {"desired": {"on": True}, "reported": {"on": False}, "delta": {"on": True}}
    assert answer["clientToken"] == "x"


def test_a_wrong_version_is_a_conflict_and_changes_nothing(bench):
    bench.send("update", {"state": {"reported": {"a": 1}}})
    rejected = bench.send("update", {"state": {"reported": {"a": 2}}, "version": 7, "clientToken": "c"})
    assert rejected["update/rejected"] == {
        "code": 409,
        "message": "Version conflict",
        "timestamp": NOW,
        "clientToken": "c",
    }
    assert bench.send("get")["get/accepted"]["state"]["reported"] == {"a": 1}


def test_the_version_goes_on_within_48_hours_after_deletion_and_starts_anew_later(bench):
    bench.send("update", {"state": {"reported": {"a": 1}}})
    assert bench.send("delete")["delete/accepted"] == {"version": 1, "timestamp": NOW}
    assert bench.send("update", {"state": {"reported": {"a": 1}}})["update/accepted"]["version"] == 2
    bench.send("delete")
    bench.clock.advance(49 * 3600)
    assert bench.send("update", {"state": {"reported": {"a": 1}}})["update/accepted"]["version"] == 1


def test_named_shadows_have_documents_of_their_own(bench):
    bench.send("update", {"state": {"reported": {"a": 1}}}, shadow="config")
    assert "name/config/get/accepted" in bench.send("get", shadow="config")
    assert bench.send("get")["get/rejected"]["code"] == 404
    assert bench.http("ListNamedShadowsForThing")["results"] == ["config"]


@pytest.mark.parametrize(
    ("payload", "code", "message"),
    [
        (b"{", 400, "Invalid JSON"),
        (b"[1]", 400, "Invalid JSON"),
        (b"{}", 400, "Missing required node: state"),
        (b'{"state": 5}', 400, "State node must be an object"),
        (b'{"state": {"desired": 5}}', 400, "Desired node must be an object"),
        (b'{"state": {"reported": []}}', 400, "Reported node must be an object"),
        (b'{"state": {"wanted": {}}}', 400, "State contains an invalid node: 'wanted'"),
        (
            b'{"state": {"reported": {"a": [1, {"b": [null]}]}}}',
            400,
            "State contains an invalid node: null in an array",
        ),
        (b'{"state": {}, "version": "1"}', 400, "Invalid version"),
        (b'{"state": {}, "clientToken": "%s"}' % (b"x" * 65), 400, "Invalid clientToken"),
        (b"\xff", 415, "Unsupported documented encoding; supported encoding is UTF-8"),
        (b'{"state": {"reported": {"a": "%s"}}}' % (b"x" * 9000), 413, "The payload exceeds the maximum size allowed"),
        (
            b'{"state": {"reported": ' + b'{"a":' * 9 + b"1" + b"}" * 9 + b"}}",
            400,
            "JSON contains too many levels of nesting; maximum is 6",
        ),
    ],
)
def test_a_wrong_update_is_rejected_in_awss_words(bench, payload, code, message):
    bench.shadows.request(HERE, "lamp", None, "update", payload)
    [(topic, rejected)] = bench.published
    assert topic == "$aws/things/lamp/shadow/update/rejected"
    assert (rejected["code"], rejected["message"]) == (code, message)


def test_the_state_that_updates_add_up_to_has_8_kb_at_most_and_is_kept_as_it_was(bench):
    bench.send("update", {"state": {"reported": {"a": "x" * 6000}}})
    sent = bench.send("update", {"state": {"reported": {"b": "y" * 6000}}})
    assert sent["update/rejected"]["code"] == 413
    kept = bench.send("get")["get/accepted"]
    assert (list(kept["state"]["reported"]), list(kept["metadata"]["reported"]), kept["version"]) == (["a"], ["a"], 1)


def test_more_than_ten_unanswered_requests_of_one_connection_are_too_many(bench):
    bench.holds_back = True
    update = b'{"state": {"reported": {"on": true}}, "clientToken": "t"}'
    for _ in range(11):
        bench.shadows.request(HERE, "lamp", None, "update", update, "sensor")
    topic, rejected = bench.published[-1]
    assert topic == "$aws/things/lamp/shadow/update/rejected"
    assert (rejected["code"], rejected["message"], rejected["clientToken"]) == (429, "Too Many Requests", "t")
    bench.shadows.request(HERE, "lamp", None, "update", update, "another")
    assert bench.published[-1][0].endswith("/documents")
    for sent in bench.unsent:
        sent.set_result(None)
    bench.shadows.request(HERE, "lamp", None, "update", update, "sensor")
    assert bench.published[-1][0].endswith("/documents")


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        ({"thingName": "t" * 129}, "Invalid thing name"),
        ({"shadowName": "s" * 65}, "Invalid shadow name"),
        ({"shadowName": "a/b"}, "Invalid shadow name"),
    ],
    ids=["long thing name", "long shadow name", "slash"],
)
def test_names_over_http_have_the_limits_of_topics(bench, names, complaint):
    with pytest.raises(AwsError, match=complaint) as refused:
        bench.http("UpdateThingShadow", payload=b'{"state": {}}', **names)
    assert (refused.value.code, refused.value.status) == ("InvalidRequestException", 400)


def test_http_raises_the_error_and_publishes_no_rejection(bench):
    with pytest.raises(AwsError) as refused:
        bench.http("GetThingShadow")
    assert (refused.value.code, refused.value.status) == ("ResourceNotFoundException", 404)
    assert bench.published == []


def test_http_and_mqtt_share_one_document(bench):
    bench.http("UpdateThingShadow", payload=b'{"state": {"desired": {"on": true}}}')
    assert [topic.rsplit("/", 1)[1] for topic, _ in bench.published] == ["accepted", "documents", "delta"]
    assert bench.send("get")["get/accepted"]["state"]["desired"] == {"on": True}
