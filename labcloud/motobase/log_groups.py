"""Writes log lines into moto 5.2's CloudWatch Logs in-process."""

from __future__ import annotations

from moto.logs.models import logs_backends

from labcloud.errors import AwsError


def has_group(account_id: str, region: str, group: str) -> bool:
    """Whether the log group exists."""
    return group in logs_backends[account_id][region].groups


def create_group(account_id: str, region: str, group: str) -> None:
    """Makes a log group without tags."""
    logs_backends[account_id][region].create_log_group(group, {})


def has_stream(account_id: str, region: str, group: str, stream: str) -> bool:
    """Whether the stream exists in the group."""
    found = logs_backends[account_id][region].groups.get(group)
    return found is not None and stream in found.streams


def create_stream(account_id: str, region: str, group: str, stream: str) -> None:
    """Makes a log stream."""
    logs_backends[account_id][region].create_log_stream(group, stream)


def put_lines(account_id: str, region: str, group: str, stream: str, lines: list[tuple[int, str]]) -> None:
    """Appends (epoch ms, message) lines to a stream."""
    events = [{"timestamp": timestamp_ms, "message": message} for timestamp_ms, message in lines]
    logs_backends[account_id][region].groups[group].put_log_events(stream, events)


def put_lines_into(account_id: str, region: str, group: str, stream: str, lines: list[tuple[int, str]]) -> None:
    """Appends lines to a stream of an existing group, making the stream. Raises AwsError ResourceNotFoundException."""
    if not has_group(account_id, region, group):
        message = "The specified log group does not exist."
        raise AwsError(message, code="ResourceNotFoundException")
    if not has_stream(account_id, region, group, stream):
        create_stream(account_id, region, group, stream)
    put_lines(account_id, region, group, stream, lines)
