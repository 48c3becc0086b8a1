"""AWS IoT's control plane on moto 5.2.5: installs the hooks of the iot_* modules and what belongs to none of them.

moto 5.2.5 makes up another endpoint at each DescribeEndpoint, checks no names, and tells nobody when something changes.
Reads for the rest of the cloud are in `iot_reads`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from moto.core.utils import camelcase_to_underscores
from moto.iot.models import FakeEndpoint, IoTBackend
from moto.iot.responses import IoTResponse

from labcloud.ca import CertificateAuthority
from labcloud.errors import AwsError
from labcloud.motobase import (
    constraints,
    hooks,
    iot_certificates,
    iot_policies,
    iot_principals,
    iot_rules,
    iot_tags,
    iot_things,
)

ENDPOINT_TYPES = ("iot:Data-ATS", "iot:Data", "iot:CredentialProvider", "iot:Jobs")

CHANGES = {
    "certificate": (
        "create_keys_and_certificate",
        "create_certificate_from_csr",
        "register_certificate",
        "register_certificate_without_ca",
        "update_certificate",
        "delete_certificate",
    ),
    "policy": (
        "create_policy",
        "create_policy_version",
        "set_default_policy_version",
        "delete_policy",
        "delete_policy_version",
    ),
    "attachment": (
        "attach_policy",
        "attach_principal_policy",
        "detach_policy",
        "detach_principal_policy",
        "attach_thing_principal",
        "detach_thing_principal",
        "add_thing_to_thing_group",
        "remove_thing_from_thing_group",
        "update_thing_groups_for_thing",
        "delete_thing_group",
    ),
    "thing": ("create_thing", "update_thing", "delete_thing"),
    "topic_rule": (
        "create_topic_rule",
        "replace_topic_rule",
        "delete_topic_rule",
        "enable_topic_rule",
        "disable_topic_rule",
    ),
}
"""Which of the backend's methods change what: the kinds that `on_change` hears of."""

UNCHECKED = frozenset({"policyDocument", "attributePayload", "tags"})
"""Members that have an error of their own, or that the model restricts more than AWS's front door does."""


@dataclass(frozen=True)
class Settings:
    """What the cloud gives to its IoT control plane."""

    authority: CertificateAuthority
    endpoint: Callable[[str], str]
    """From an endpoint type ("iot:Data-ATS") to this cloud's host for it."""
    validate_topic_rule: Callable[[str, dict[str, Any]], None] = field(default=lambda arn, payload: None)
    """Sees the ARN and the payload of a rule that comes in (the API's member names); raises AwsError to refuse it."""
    on_change: Callable[[str, str, str], None] = field(default=lambda kind, account_id, region: None)
    """Called with (kind of CHANGES, account id, region) after each change."""


_settings: Settings | None = None


def use(*settings: Any) -> None:
    """Takes what `Settings` has; called again, it changes that."""
    global _settings
    _settings = Settings(*settings)
    iot_certificates.use(_settings.authority)
    iot_rules.use(_settings.validate_topic_rule)


def install() -> None:
    """Puts all hooks of AWS IoT in place."""
    if hooks.first_time(__name__):
        _place_hooks()


def _place_hooks() -> None:
    iot_certificates.install()
    iot_policies.install()
    iot_principals.install()
    iot_rules.install()
    iot_things.install()
    iot_tags.install()
    hooks.replace(FakeEndpoint, "__init__", initialise_endpoint)
    hooks.replace(IoTResponse, "call_action", call_action)
    for kind, names in CHANGES.items():
        for name in names:
            hooks.replace(IoTBackend, name, _telling(kind, hooks.current(IoTBackend, name)))


def initialise_endpoint(self: FakeEndpoint, endpoint_type: str, region_name: str) -> None:
    """This cloud's endpoint, the same at each call."""
    if endpoint_type not in ENDPOINT_TYPES:
        raise AwsError(f"Endpoint type {endpoint_type} not recognized.", code="InvalidRequestException")
    self.region_name, self.endpoint_type = region_name, endpoint_type
    self.endpoint = _require_settings().endpoint(endpoint_type)


def call_action(self: IoTResponse) -> Any:
    """Checks the parameters against the model before moto's own method sees them."""
    action = self._get_action()
    if action and hasattr(self, camelcase_to_underscores(action)):
        self.parse_parameters(self.normalized_request)
        complaint = constraints.complaint_about_request("iot", action, self.params, UNCHECKED)
        if complaint:
            error = hooks.to_moto(AwsError(complaint, code="InvalidRequestException"))
            return self.serialized(hooks.failure(error))
    return hooks.stock(IoTResponse, "call_action")(self)


def _telling(kind: str, change: Callable[..., Any]) -> Callable[..., Any]:
    def change_and_tell(self: IoTBackend, *arguments: Any, **named: Any) -> Any:
        result = change(self, *arguments, **named)
        _require_settings().on_change(kind, self.account_id, self.region_name)
        return result

    return change_and_tell


def _require_settings() -> Settings:
    if _settings is None:
        raise RuntimeError("iot.use was not called")
    return _settings
