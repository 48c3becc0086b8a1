"""A function's log lines go to its log group, if its role may write them: without the permission there is no group.

Source: Lambda Developer Guide, "Sending Lambda function logs to CloudWatch Logs".
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from labcloud.awslambda.model import FunctionConfig
from labcloud.motobase import log_groups

log = logging.getLogger("labcloud.lambda")

MayWrite = Callable[[FunctionConfig, str, str], str | None]
"""may_write(function, action, resource ARN): None if the function's role allows it, else the reason."""


class LogWriter:
    """The executor's log sink."""

    def __init__(self, may_write: MayWrite) -> None:
        self._may_write = may_write

    def write(self, config: FunctionConfig, stream: str, lines: list[tuple[int, str]]) -> None:
        """Writes lines, making group and stream when needed and allowed; says in the cloud's log why not."""
        prefix = f"arn:aws:logs:{config.region}:{config.account_id}:log-group"
        group_arn = f"{prefix}:{config.log_group}"
        place = (config.account_id, config.region, config.log_group)
        steps = [("logs:PutLogEvents", f"{group_arn}:log-stream:{stream}", None)]
        if not log_groups.has_stream(*place, stream):
            steps.insert(
                0, ("logs:CreateLogStream", f"{group_arn}:*", lambda: log_groups.create_stream(*place, stream))
            )
        if not log_groups.has_group(*place):
            steps.insert(0, ("logs:CreateLogGroup", f"{group_arn}:*", lambda: log_groups.create_group(*place)))
        for action, resource, make in steps:
            if reason := self._may_write(config, action, resource):
                log.warning("function %s writes no log: %s", config.name, reason)
                return
            if make:
                make()
        log_groups.put_lines(*place, stream, lines)
