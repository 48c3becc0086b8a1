"""Secrets Manager, Systems Manager parameters and KMS. Source: their pages in the Service Authorization Reference."""

from __future__ import annotations

from labcloud.iam.permissions.table import Needed, Request, Table

_SUFFIX = "-??????"
"""A secret's ARN ends in a dash and six random characters; this stands for them if the account does not tell them."""


def _secret(request: Request) -> list[Needed]:
    name = request.text("SecretId", "*")
    arn = request.resolve("secret", name) or (
        name if name.startswith("arn:") else request.arn("secretsmanager", f"secret:{name}{_SUFFIX}")
    )
    return [Needed(f"secretsmanager:{request.operation}", arn)]


def _batch(request: Request) -> list[Needed]:
    own = [Needed("secretsmanager:BatchGetSecretValue", "*")]
    for name in request.parameters.get("SecretIdList") or ():
        one = Request("GetSecretValue", {"SecretId": name}, request.region, request.account_id, request.resolve)
        own.extend(_secret(one))
    return own


SECRETS = Table(
    prefix="secretsmanager",
    rows={
        f"secret:{{Name}}{_SUFFIX}": "CreateSecret",
        "*": "ListSecrets GetRandomPassword",
    },
    special={
        **dict.fromkeys(
            (
                *("GetSecretValue", "DescribeSecret", "PutSecretValue", "UpdateSecret", "DeleteSecret"),
                *("RestoreSecret", "RotateSecret", "CancelRotateSecret", "ListSecretVersionIds", "TagResource"),
                *("UntagResource", "GetResourcePolicy", "PutResourcePolicy", "DeleteResourcePolicy"),
                *("UpdateSecretVersionStage", "ValidateResourcePolicy"),
            ),
            _secret,
        ),
        "BatchGetSecretValue": _batch,
    },
    tag_action="secretsmanager:TagResource",
)


def _tagged(request: Request) -> list[Needed]:
    kind = request.text("ResourceType").lower() or "*"
    name = request.text("ResourceId", "*").lstrip("/")
    return [Needed(f"ssm:{request.operation}", request.arn("ssm", f"{kind}/{name}"))]


SSM = Table(
    prefix="ssm",
    rows={
        "parameter/{Name:path}": (
            "PutParameter GetParameter DeleteParameter GetParameterHistory LabelParameterVersion "
            "UnlabelParameterVersion"
        ),
        "parameter/{Names[]:path}": "GetParameters DeleteParameters",
        "parameter/{Path:path}": "GetParametersByPath",
        "document/{Name}": "CreateDocument DescribeDocument GetDocument UpdateDocument DeleteDocument",
        "*": "DescribeParameters ListDocuments",
    },
    special=dict.fromkeys(("AddTagsToResource", "RemoveTagsFromResource", "ListTagsForResource"), _tagged),
    tag_action="ssm:AddTagsToResource",
)


def _key(request: Request) -> list[Needed]:
    name = request.text("KeyId") or request.text("TargetKeyId", "*")
    arn = request.resolve("key", name) or (
        name if name.startswith("arn:") else request.arn("kms", name if name.startswith("alias/") else f"key/{name}")
    )
    needed = [Needed(f"kms:{request.operation}", arn)]
    alias = request.text("AliasName")
    return [*needed, Needed(f"kms:{request.operation}", request.arn("kms", alias))] if alias else needed


KMS = Table(
    prefix="kms",
    rows={"*": "CreateKey ListKeys ListAliases GenerateRandom"},
    special=dict.fromkeys(
        (
            *("Encrypt", "Decrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "DescribeKey", "Sign"),
            *("Verify", "GetPublicKey", "EnableKey", "DisableKey", "EnableKeyRotation", "DisableKeyRotation"),
            *("GetKeyRotationStatus", "GetKeyPolicy", "PutKeyPolicy", "ListKeyPolicies", "ScheduleKeyDeletion"),
            *("CancelKeyDeletion", "UpdateKeyDescription", "TagResource", "UntagResource", "ListResourceTags"),
            *("CreateGrant", "ListGrants", "RevokeGrant", "CreateAlias", "UpdateAlias", "DeleteAlias"),
            *("GenerateMac", "VerifyMac", "GenerateDataKeyPair"),
        ),
        _key,
    ),
    tag_action="kms:TagResource",
)
