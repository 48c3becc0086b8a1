"""The cloud's API on behalf of a stack: as the caller who asked, or as the stack's role; and templates in S3."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from labcloud.api import Caller, Scope
from labcloud.errors import AccessDenied, AwsError
from labcloud.motobase.iam import session_credentials
from labcloud.motobase.lookups import read_object
from labcloud.motobase.service_calls import ServiceCalls
from labcloud.roles import Roles

SERVICE = "cloudformation.amazonaws.com"


class StackApi:
    """Calls API operations with an access key."""

    def __init__(self, calls: ServiceCalls, scope: Scope, access_key_id: str) -> None:
        self._calls = calls
        self.scope = scope
        self._access_key_id = access_key_id

    def __call__(self, service: str, operation: str, /, **parameters: Any) -> dict[str, Any]:
        """Raises AwsError."""
        answer: dict[str, Any] = self._calls.call_as(self.scope, self._access_key_id, service, operation, parameters)
        return answer


class StackApis:
    """Makes them. A role has to trust CloudFormation."""

    def __init__(self, calls: ServiceCalls, roles: Roles) -> None:
        self._calls = calls
        self._roles = roles

    def make(self, scope: Scope, caller: Caller, role_arn: str | None) -> StackApi:
        """Raises AwsError for a role that CloudFormation cannot assume."""
        if role_arn is None:
            return StackApi(self._calls, scope, caller.access_key_id)
        why = self._roles.why_not_assumed(role_arn, SERVICE, {"aws:SourceAccount": scope.account_id})
        if why is not None:
            raise AccessDenied(
                f"Role {role_arn} is invalid or cannot be assumed: {why}", code="ValidationError", status=400
            )
        key = session_credentials(scope.account_id, role_arn, "AWSCloudFormation").access_key_id
        return StackApi(self._calls, scope, key)


def read_template(account_id: str, url: str) -> str:
    """A template by its URL in S3, with the bucket in the path or in the host. Raises AwsError."""
    parts = urlsplit(url)
    path = unquote(parts.path.lstrip("/"))
    host = parts.hostname or ""
    if ".s3" in host and not host.startswith("s3"):
        bucket, key = host.split(".s3", 1)[0], path
    else:
        bucket, _, key = path.partition("/")
    try:
        return read_object(account_id, bucket, key).decode()
    except (AwsError, UnicodeDecodeError) as error:
        raise AwsError(f"S3 error: {error}: {url}", code="ValidationError") from error
