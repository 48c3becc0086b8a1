"""The two replaced functions of moto are still called the way that labcloud.motobase.speed replaces them."""

from __future__ import annotations

import inspect

import moto.core.responses as responses
from moto.utilities import aws_headers

from labcloud.motobase import speed


def test_moto_still_calls_both_functions_by_these_names():
    source = inspect.getsource(responses.BaseResponse.call_action)
    assert "method_names_from_class(self.__class__)" in source
    assert "gen_amzn_requestid_long(headers)" in inspect.getsource(responses.BaseResponse._enrich_response)


def test_request_ids_go_into_the_headers_and_differ():
    speed.install()
    headers: dict[str, str] = {}
    made = aws_headers.gen_amzn_requestid_long(headers)
    assert headers == {"x-amzn-requestid": made}
    assert responses.gen_amzn_requestid_long() != made
