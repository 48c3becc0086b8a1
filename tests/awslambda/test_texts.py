"""The pure parts: log lines, what a worker writes, how an invocation ended."""

from __future__ import annotations

import json

from labcloud.awslambda.lines import Usage, log_stream_name, render_init_start, render_report, render_timeout
from labcloud.awslambda.outcome import init_failed, worker_exited
from labcloud.awslambda.output import MAX_EVENT_BYTES, Line, Mark, OutputSplitter


def test_the_report_bills_the_start_too_and_rounds_up() -> None:
    line = render_report("id", Usage(12.31, 128, 40, init_ms=100.0))
    assert line == (
        "REPORT RequestId: id\tDuration: 12.31 ms\tBilled Duration: 113 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 40 MB\tInit Duration: 100.00 ms\t\n"
    )


def test_the_time_out_line_has_the_instant_of_the_lab() -> None:
    assert render_timeout("id", 1_750_000_000.5, 3) == "2025-06-15T15:06:40.500Z id Task timed out after 3.00 seconds\n"


def test_the_first_line_names_the_runtime() -> None:
    assert render_init_start("python3.13", "3.11.7", "eu-west-1").startswith(
        "INIT_START Runtime Version: python:3.13\t"
    )


def test_the_log_stream_carries_day_and_version() -> None:
    assert log_stream_name(1_750_000_000.0, "$LATEST", "ab") == "2025/06/15/[$LATEST]ab"


def test_output_is_cut_into_lines_records_and_marks_wherever_the_pipe_cuts_it() -> None:
    data = b"one\nfirst\0second\nrest\0mark:id-1\0\n\n"
    expected = [Line("one\n"), Line("first\nsecond\n"), Line("rest\n"), Mark("id-1"), Line("\n")]
    for cut in range(len(data)):
        splitter = OutputSplitter()
        assert [*splitter.feed(data[:cut]), *splitter.feed(data[cut:])] == expected


def test_an_endless_line_is_cut() -> None:
    splitter = OutputSplitter()
    pieces = [*splitter.feed(b"x" * (MAX_EVENT_BYTES + 1)), *splitter.finish()]
    assert [len(piece.text) for piece in pieces if isinstance(piece, Line)] == [MAX_EVENT_BYTES + 1, 2]


def test_bytes_that_are_no_text_do_not_break_the_log() -> None:
    assert list(OutputSplitter().feed(b"\xff\n")) == [Line("\ufffd\n")]


def test_a_failed_start_gets_the_id_of_the_invocation() -> None:
    ended = init_failed(b'{"errorType": "Runtime.HandlerNotFound", "requestId": ""}', "id-7")
    assert json.loads(ended.payload)["requestId"] == "id-7"
    assert (ended.error_type, ended.worker_survives) == ("Runtime.HandlerNotFound", False)


def test_an_unknown_signal_is_named() -> None:
    assert b"signal: sigbus" in worker_exited(-7, "id").payload
