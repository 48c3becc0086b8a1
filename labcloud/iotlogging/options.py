"""The logging options of an account and region. Source: AWS IoT API Reference, SetV2LoggingOptions and its relatives.

Levels for thing groups are refused: the local cloud does not look a client's groups up for each log entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from labcloud.api import ApiRequest, Operation, Scope
from labcloud.errors import AwsError

LEVELS = ("DEBUG", "INFO", "WARN", "ERROR", "DISABLED")
GROUP_V2 = "AWSIotLogsV2"
GROUP_V1 = "AWSIotLogs"
SERVED_TARGETS = ("CLIENT_ID", "SOURCE_IP", "PRINCIPAL_ID")

Target = tuple[str, str]
"""(targetType, targetName)"""


@dataclass
class Options:
    """What one account and region logs, through which role, into which group."""

    role_arn: str = ""
    level: str = "DISABLED"
    disabled: bool = False
    group: str = GROUP_V2
    by_target: dict[Target, str] = field(default_factory=dict)
    by_event: dict[str, dict[str, str]] = field(default_factory=dict)
    """By event type: its logLevel and logDestination, where they are given."""

    def level_for(self, entry: Mapping[str, Any]) -> str:
        """The least severe level that is logged for an entry: the most verbose of the targets it fits, or the default."""
        if self.disabled:
            return "DISABLED"
        members = {"CLIENT_ID": "clientId", "SOURCE_IP": "sourceIp", "PRINCIPAL_ID": "principalId"}
        fitting = [level for (kind, name), level in self.by_target.items() if entry.get(members.get(kind, "")) == name]
        default = self.by_event.get(entry["eventType"], {}).get("logLevel") or self.level
        return min(fitting, key=LEVELS.index) if fitting else default

    def wants(self, entry: Mapping[str, Any]) -> bool:
        """Whether an entry is logged."""
        level = self.level_for(entry)
        return level != "DISABLED" and LEVELS.index(entry["logLevel"]) >= LEVELS.index(level)

    def group_for(self, entry: Mapping[str, Any]) -> str:
        """The log group of an entry."""
        return self.by_event.get(entry["eventType"], {}).get("logDestination") or self.group


class LoggingOptions:
    """The operations that set and tell the options."""

    def __init__(self) -> None:
        self._kept: dict[Scope, Options] = {}
        self.operations: Mapping[str, Operation] = {
            "SetV2LoggingOptions": self.set_v2_logging_options,
            "GetV2LoggingOptions": self.get_v2_logging_options,
            "SetV2LoggingLevel": self.set_v2_logging_level,
            "ListV2LoggingLevels": self.list_v2_logging_levels,
            "DeleteV2LoggingLevel": self.delete_v2_logging_level,
            "SetLoggingOptions": self.set_logging_options,
            "GetLoggingOptions": self.get_logging_options,
        }

    def of(self, scope: Scope) -> Options | None:
        """The options of an account and region, or None if nobody has set any."""
        return self._kept.get(scope)

    def are_set(self, scope: Scope) -> bool:
        """Whether anybody has set some there."""
        return bool(self._kept) and scope in self._kept

    def set_v2_logging_options(self, request: ApiRequest) -> dict[str, Any]:
        """SetV2LoggingOptions: what is not given stays as it is."""
        asked = request.parameters
        kept = self._kept.setdefault(request.scope, Options())
        kept.group = GROUP_V2
        if asked.get("roleArn"):
            kept.role_arn = asked["roleArn"]
        if asked.get("defaultLogLevel"):
            kept.level = _level(asked["defaultLogLevel"])
        if asked.get("disableAllLogs") is not None:
            kept.disabled = bool(asked["disableAllLogs"])
        if asked.get("eventConfigurations") is not None:
            kept.by_event = {
                one["eventType"]: {key: value for key, value in one.items() if key != "eventType" and value}
                for one in asked["eventConfigurations"]
            }
        if not kept.role_arn:
            del self._kept[request.scope]
            raise AwsError("roleArn is required to configure logging.", code="InvalidRequestException")
        return {}

    def get_v2_logging_options(self, request: ApiRequest) -> dict[str, Any]:
        """GetV2LoggingOptions."""
        kept = self._configured(request)
        answer: dict[str, Any] = {
            "roleArn": kept.role_arn,
            "defaultLogLevel": kept.level,
            "disableAllLogs": kept.disabled,
        }
        if request.parameters.get("verbose") and kept.by_event:
            answer["eventConfigurations"] = [{"eventType": name, **one} for name, one in kept.by_event.items()]
        return answer

    def set_v2_logging_level(self, request: ApiRequest) -> dict[str, Any]:
        """SetV2LoggingLevel, for a client, an address or a principal."""
        target, level = request.parameters["logTarget"], _level(request.parameters["logLevel"])
        kept = self._configured(request)
        if target["targetType"] == "DEFAULT":
            kept.level = level
            return {}
        if target["targetType"] not in SERVED_TARGETS:
            raise AwsError(
                f"The local cloud serves log levels for {', '.join(SERVED_TARGETS)}, not {target['targetType']}.",
                code="InvalidRequestException",
            )
        kept.by_target[target["targetType"], target.get("targetName") or ""] = level
        return {}

    def list_v2_logging_levels(self, request: ApiRequest) -> dict[str, Any]:
        """ListV2LoggingLevels."""
        kept = self._configured(request)
        found = [(("DEFAULT", ""), kept.level), *kept.by_target.items()]
        wanted = request.parameters.get("targetType")
        return {
            "logTargetConfigurations": [
                {"logTarget": {"targetType": kind, **({"targetName": name} if name else {})}, "logLevel": level}
                for (kind, name), level in found
                if wanted in (None, kind)
            ]
        }

    def delete_v2_logging_level(self, request: ApiRequest) -> dict[str, Any]:
        """DeleteV2LoggingLevel."""
        kept = self._kept.get(request.scope)
        if kept:
            kept.by_target.pop((request.parameters["targetType"], request.parameters["targetName"]), None)
        return {}

    def set_logging_options(self, request: ApiRequest) -> dict[str, Any]:
        """SetLoggingOptions, the older way: into the group AWSIotLogs."""
        asked = request.parameters["loggingOptionsPayload"]
        level = _level(asked.get("logLevel") or "DISABLED")
        self._kept[request.scope] = Options(role_arn=asked["roleArn"], level=level, group=GROUP_V1)
        return {}

    def get_logging_options(self, request: ApiRequest) -> dict[str, Any]:
        """GetLoggingOptions."""
        kept = self._kept.get(request.scope)
        return {"roleArn": kept.role_arn, "logLevel": kept.level} if kept else {}

    def state(self) -> list[dict[str, Any]]:
        """What must survive a restart, as JSON."""
        return [
            {
                "scope": [scope.account_id, scope.region],
                **asdict(kept),
                "by_target": [[*target, level] for target, level in kept.by_target.items()],
            }
            for scope, kept in self._kept.items()
        ]

    def restore(self, state: Iterable[Mapping[str, Any]]) -> None:
        """Takes over what `state` gave."""
        for entry in state:
            members = {name: value for name, value in entry.items() if name != "scope"}
            members["by_target"] = {(kind, name): level for kind, name, level in entry["by_target"]}
            self._kept[Scope(*entry["scope"])] = Options(**members)

    def _configured(self, request: ApiRequest) -> Options:
        kept = self._kept.get(request.scope)
        if kept is None:
            raise AwsError("Logging is not configured.", code="NotConfiguredException", status=404)
        return kept


def _level(text: str) -> str:
    if text not in LEVELS:
        raise AwsError(f"A log level is one of {', '.join(LEVELS)}, not {text}.", code="InvalidRequestException")
    return text
