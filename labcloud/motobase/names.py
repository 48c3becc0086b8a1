"""Names of an account's users, roles and secrets as ARNs, for permissions that are asked on ARNs."""

from __future__ import annotations

from collections.abc import Callable

from moto.backends import get_backend

from labcloud.api import Scope
from labcloud.motobase.iam import arn_of


def resolver(scope: Scope) -> Callable[[str, str], str | None]:
    """Tells what `iam.requests.permissions_of` asks: (kind, name) to an ARN, or None."""

    def resolve(kind: str, name: str) -> str | None:
        return _secret_arn(scope, name) if kind == "secret" else arn_of(scope.account_id, kind, name)

    return resolve


def _secret_arn(scope: Scope, name: str) -> str | None:
    """Secrets Manager's backend is loaded here: most clouds have no secrets."""
    secrets = get_backend("secretsmanager")[scope.account_id][scope.region].secrets
    arn: str | None = secrets[name].arn if name in secrets else None
    return arn
