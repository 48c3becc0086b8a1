"""The contract with a transformation function."""

from __future__ import annotations

import base64
import json

import pytest

from labcloud.firehose.objects import Record
from labcloud.firehose.transform import batches_of, event_of, read_answer

RECORDS = [Record(b"one", 1), Record(b"two", 2), Record(b"three", 3)]
EVENT = event_of("arn:stream", "eu-west-1", RECORDS)
IDS = [record["recordId"] for record in EVENT["records"]]


def answer(*results):
    data = base64.b64encode(b"new").decode()
    records = [{"recordId": i, "result": r, "data": data} for i, r in zip(IDS, results, strict=False)]
    return read_answer(EVENT, RECORDS, json.dumps({"records": records}).encode())


def test_the_event_has_every_record_in_base64_with_an_id_of_its_own():
    assert [base64.b64decode(record["data"]) for record in EVENT["records"]] == [b"one", b"two", b"three"]
    assert [record["approximateArrivalTimestamp"] for record in EVENT["records"]] == [1, 2, 3]
    assert len(set(IDS)) == 3
    assert (EVENT["deliveryStreamArn"], EVENT["region"]) == ("arn:stream", "eu-west-1")


def test_ok_is_kept_dropped_is_gone_and_failed_is_told():
    done, failed = answer("Ok", "Dropped", "ProcessingFailed")
    assert done == [b"new"]
    [failure] = failed
    assert (failure.record.data, failure.code) == (b"three", "Lambda.ProcessingFailedStatus")


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"null", "Lambda.JsonProcessingException"),
        (b'{"records": 1}', "Lambda.JsonProcessingException"),
        (json.dumps({"records": [{"recordId": IDS[0], "result": "Ok"}]}).encode(), "Lambda.MissingRecordId"),
        (json.dumps({"records": [{"recordId": i} for i in (*IDS, IDS[0])]}).encode(), "Lambda.DuplicatedRecordId"),
    ],
    ids=["nothing", "no list", "missing", "twice"],
)
def test_a_broken_answer_fails_every_record(payload, code):
    done, failed = read_answer(EVENT, RECORDS, payload)
    assert done == []
    assert [failure.code for failure in failed] == [code] * 3


def test_an_unknown_result_or_data_that_is_no_base64_fails_its_record():
    records = [{"recordId": IDS[0], "result": "Fine"}, {"recordId": IDS[1], "result": "Ok", "data": "?"}]
    records.append({"recordId": IDS[2], "result": "Dropped"})
    _, failed = read_answer(EVENT, RECORDS, json.dumps({"records": records}).encode())
    assert [failure.record.data for failure in failed] == [b"one", b"two"]


def test_batches_stay_below_their_size():
    assert [[r.data for r in batch] for batch in batches_of(RECORDS, 6)] == [[b"one", b"two"], [b"three"]]
    assert [len(batch) for batch in batches_of(RECORDS, 1)] == [1, 1, 1]
