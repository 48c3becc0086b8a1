"""Tags of AWS IoT resources, kept beside moto's resources in the same backend.

moto 5.2.5 has none of TagResource, UntagResource and ListTagsForResource, and drops the tags given at creation
(a topic rule's come in the header `x-amz-tagging`). Things and certificates cannot be tagged on AWS either.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from moto.core.responses import ActionResult, EmptyResult
from moto.iot.models import IoTBackend
from moto.iot.responses import IoTResponse

from labcloud.errors import AwsError
from labcloud.motobase import hooks

TAGS_PER_RESOURCE = 50

CREATIONS = {
    "create_policy": "policyArn",
    "create_thing_type": "thingTypeArn",
    "create_thing_group": "thingGroupArn",
    "create_billing_group": "billingGroupArn",
    "create_role_alias": "roleAliasArn",
    "create_domain_configuration": "domainConfigurationArn",
    "create_job": "jobArn",
    "create_job_template": "jobTemplateArn",
    "register_ca_certificate": "certificateArn",
}
"""Operations that take `tags`, and the member of their answer with the ARN."""


def install() -> None:
    """Puts the tag operations in place and the tags of creations on record."""
    hooks.add(IoTResponse, "tag_resource", tag_resource)
    hooks.add(IoTResponse, "untag_resource", untag_resource)
    hooks.add(IoTResponse, "list_tags_for_resource", list_tags_for_resource)
    for name, arn_member in CREATIONS.items():
        hooks.replace(IoTResponse, name, _tagging_creation(hooks.current(IoTResponse, name), arn_member))


def tag_resource(self: IoTResponse) -> ActionResult:
    """Adds tags or changes their values."""
    arn = _require_taggable(self.iot_backend, self._get_param("resourceArn"))
    tags = tags_of(self.iot_backend, arn) | _as_mapping(self._get_param("tags") or [])
    set_tags(self.iot_backend, arn, tags)
    return EmptyResult()


def untag_resource(self: IoTResponse) -> ActionResult:
    """Takes tags away."""
    arn = _require_taggable(self.iot_backend, self._get_param("resourceArn"))
    gone = self._get_param("tagKeys") or []
    tags = tags_of(self.iot_backend, arn)
    set_tags(self.iot_backend, arn, {key: value for key, value in tags.items() if key not in gone})
    return EmptyResult()


def list_tags_for_resource(self: IoTResponse) -> ActionResult:
    """All tags of one resource, on one page."""
    arn = _require_taggable(self.iot_backend, self._get_param("resourceArn"))
    tags = tags_of(self.iot_backend, arn)
    return ActionResult({"tags": [{"Key": key, "Value": value} for key, value in tags.items()]})


def tags_of(backend: IoTBackend, arn: str) -> dict[str, str]:
    """The tags of a resource."""
    return _all_tags(backend).get(arn, {})


def set_tags(backend: IoTBackend, arn: str, tags: dict[str, str]) -> None:
    """Replaces the tags of a resource."""
    if len(tags) > TAGS_PER_RESOURCE:
        raise AwsError(f"A resource has at most {TAGS_PER_RESOURCE} tags.", code="LimitExceededException")
    _all_tags(backend)[arn] = tags


def tags_of_header(header: str | None) -> dict[str, str]:
    """The tags in `x-amz-tagging`: written like a query string."""
    return dict(parse_qsl(header or "", keep_blank_values=True))


def _tagging_creation(create: Any, arn_member: str) -> Any:
    def create_with_tags(self: IoTResponse) -> ActionResult:
        answer = create(self)
        arn = answer.result[arn_member]
        tags = _as_mapping(self._get_param("tags") or [])
        if tags or arn not in _all_tags(self.iot_backend):
            set_tags(self.iot_backend, arn, tags)
        return answer

    return create_with_tags


def _all_tags(backend: IoTBackend) -> dict[str, dict[str, str]]:
    if not hasattr(backend, "lab_tags"):
        backend.lab_tags = {}
    return backend.lab_tags


def _as_mapping(tags: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value") or "" for tag in tags}


def _require_taggable(backend: IoTBackend, arn: str) -> str:
    kind = arn.split(":")[5].split("/")[0] if arn.count(":") >= 5 else ""
    if kind in ("", "thing", "cert"):
        raise AwsError(f"Resource {arn} cannot be tagged", code="InvalidRequestException")
    if arn not in _taggable_arns(backend):
        _all_tags(backend).pop(arn, None)
        raise AwsError(f"Resource {arn} does not exist", code="ResourceNotFoundException")
    return arn


def _taggable_arns(backend: IoTBackend) -> set[str]:
    by_arn = (backend.policies, backend.thing_types, backend.thing_groups, backend.billing_groups, backend.rules)
    arns = {resource.arn for resources in by_arn for resource in resources.values()}
    arns |= {alias.arn for alias in backend.role_aliases.values()}
    arns |= {authority.arn for authority in backend.ca_certificates.values()}
    arns |= {domain.domain_configuration_arn for domain in backend.domain_configurations.values()}
    arns |= {job.job_arn for job in backend.jobs.values()}
    return arns | {template.job_template_arn for template in backend.jobs_templates.values()}
