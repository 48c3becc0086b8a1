"""Which HTTP status an error of ours goes out with."""

from __future__ import annotations

from moto.core.request import Request

from labcloud.errors import AccessDenied, AwsError
from labcloud.motobase.wire import recognise, write_error
from labcloud.timestream import RejectedRecordsException


def status_of(error: AwsError) -> int:
    headers = {"X-Amz-Target": "Timestream_20181101.WriteRecords", "Content-Type": "application/x-amz-json-1.0"}
    request = Request.from_primitives("POST", "http://localhost/", headers, b"{}")
    return write_error("timestream-write", recognise("timestream-write", request), request, error).status


def test_an_error_class_with_a_status_of_its_own_keeps_it():
    assert status_of(RejectedRecordsException([])) == RejectedRecordsException.status == 419


def test_a_code_that_the_model_knows_has_the_models_status():
    assert status_of(AwsError("x", code="ResourceNotFoundException", status=404)) == 400
    assert status_of(AccessDenied("x")) == 400


def test_a_code_that_no_model_has_goes_out_with_the_status_that_it_was_raised_with():
    assert status_of(AwsError("x", code="NobodyKnowsThis", status=418)) == 418
