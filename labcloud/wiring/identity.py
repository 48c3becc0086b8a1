"""IAM is moto's; trust policies are checked, and what is remembered of roles and principals is forgotten on a change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from labcloud.api import ApiRequest, Served
from labcloud.errors import AwsError
from labcloud.iam.trust_document import complaint_about_trust
from labcloud.motobase.iam import principal_exists

if TYPE_CHECKING:
    from labcloud.cloud import Cloud


def serve(cloud: Cloud) -> Mapping[str, Served]:
    def changed(request: ApiRequest) -> None:
        cloud.roles.forget()
        cloud.registry.changed()

    checks = {"CreateRole": check_trust, "UpdateAssumeRolePolicy": check_trust}
    return {"iam": Served(checks=checks, changed=changed)}


def check_trust(request: ApiRequest) -> None:
    """A trust policy names services, users and roles that exist. Raises AwsError MalformedPolicyDocument."""
    document = request.parameters.get("AssumeRolePolicyDocument") or request.parameters.get("PolicyDocument") or ""
    complaint = complaint_about_trust(document, lambda arn: principal_exists(request.account_id, arn))
    if complaint:
        raise AwsError(complaint, code="MalformedPolicyDocument")
