"""S3. Source: S3 user guide, "Required permissions for Amazon S3 API operations"."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

from labcloud.iam.context import Value
from labcloud.iam.permissions.table import Needed, Request, Table

_BUCKET, _OBJECT = "arn:aws:s3:::{Bucket}", "arn:aws:s3:::{Bucket}/{Key}"


def _object(request: Request, key: str | None = None) -> str:
    return f"arn:aws:s3:::{request.text('Bucket', '*')}/{request.text('Key', '*') if key is None else key}"


def _versioned(request: Request) -> list[Needed]:
    """With a version id the same operation needs the action of versions."""
    action = "GetObject" if request.operation == "HeadObject" else request.operation
    base, tagging, kind = action.partition("Tagging")
    if not tagging:
        base, tagging, kind = action.partition("Acl")
    version = "Version" if request.text("VersionId") else ""
    return [Needed(f"s3:{base}{version}{tagging}{kind}", _object(request))]


def _put(request: Request) -> list[Needed]:
    needed = [Needed("s3:PutObject", _object(request))]
    grants = ("ACL", "GrantRead", "GrantReadACP", "GrantWriteACP", "GrantFullControl")
    if any(request.text(name) for name in grants):
        needed.append(Needed("s3:PutObjectAcl", _object(request)))
    if request.text("Tagging"):
        needed.append(Needed("s3:PutObjectTagging", _object(request)))
    if request.text("ObjectLockMode"):
        needed.append(Needed("s3:PutObjectRetention", _object(request)))
    return needed


def _copy(request: Request) -> list[Needed]:
    source = request.parameters.get("CopySource", "*")
    if isinstance(source, Mapping):
        path, version = f"{source.get('Bucket')}/{source.get('Key')}", source.get("VersionId")
    else:
        path, _, version = unquote(str(source)).lstrip("/").partition("?versionId=")
    action = "s3:GetObjectVersion" if version else "s3:GetObject"
    return [Needed(action, f"arn:aws:s3:::{path}"), *_put(request)]


def _delete_many(request: Request) -> list[Needed]:
    objects = (request.parameters.get("Delete") or {}).get("Objects") or ()
    return [
        Needed("s3:DeleteObjectVersion" if item.get("VersionId") else "s3:DeleteObject", _object(request, item["Key"]))
        for item in objects
    ]


def _context(request: Request) -> Mapping[str, Value]:
    pairs = {
        "s3:prefix": "Prefix",
        "s3:delimiter": "Delimiter",
        "s3:x-amz-acl": "ACL",
        "s3:x-amz-server-side-encryption": "ServerSideEncryption",
        "s3:x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId",
        "s3:x-amz-storage-class": "StorageClass",
        "s3:VersionId": "VersionId",
        "s3:LocationConstraint": "LocationConstraint",
    }
    context: dict[str, Value] = {key: request.text(name) for key, name in pairs.items() if request.text(name)}
    if request.operation.startswith("ListObject") and "s3:prefix" not in context:
        context["s3:prefix"] = ""
    if isinstance(request.parameters.get("MaxKeys"), int):
        context["s3:max-keys"] = request.parameters["MaxKeys"]
    return context


S3 = Table(
    prefix="s3",
    rows={
        "arn:aws:s3:::*": "ListBuckets=ListAllMyBuckets ListDirectoryBuckets=s3express:ListAllMyDirectoryBuckets",
        _BUCKET: (
            "CreateBucket DeleteBucket HeadBucket=ListBucket ListObjects=ListBucket ListObjectsV2=ListBucket "
            "ListObjectVersions=ListBucketVersions ListMultipartUploads=ListBucketMultipartUploads "
            "GetBucketLocation GetBucketAcl PutBucketAcl GetBucketPolicy PutBucketPolicy DeleteBucketPolicy "
            "GetBucketPolicyStatus GetBucketVersioning PutBucketVersioning GetBucketLogging PutBucketLogging "
            "GetBucketRequestPayment PutBucketRequestPayment GetBucketWebsite PutBucketWebsite DeleteBucketWebsite "
            "GetBucketTagging PutBucketTagging DeleteBucketTagging=PutBucketTagging "
            "GetBucketCors=GetBucketCORS PutBucketCors=PutBucketCORS DeleteBucketCors=PutBucketCORS "
            "GetBucketOwnershipControls PutBucketOwnershipControls "
            "DeleteBucketOwnershipControls=PutBucketOwnershipControls "
            "GetBucketNotification GetBucketNotificationConfiguration=GetBucketNotification "
            "PutBucketNotification PutBucketNotificationConfiguration=PutBucketNotification "
            "GetBucketEncryption=GetEncryptionConfiguration PutBucketEncryption=PutEncryptionConfiguration "
            "DeleteBucketEncryption=PutEncryptionConfiguration "
            "GetBucketLifecycle=GetLifecycleConfiguration PutBucketLifecycle=PutLifecycleConfiguration "
            "GetBucketLifecycleConfiguration=GetLifecycleConfiguration "
            "PutBucketLifecycleConfiguration=PutLifecycleConfiguration DeleteBucketLifecycle=PutLifecycleConfiguration "
            "GetBucketReplication=GetReplicationConfiguration PutBucketReplication=PutReplicationConfiguration "
            "DeleteBucketReplication=PutReplicationConfiguration "
            "GetBucketAccelerateConfiguration=GetAccelerateConfiguration "
            "PutBucketAccelerateConfiguration=PutAccelerateConfiguration "
            "GetPublicAccessBlock=GetBucketPublicAccessBlock PutPublicAccessBlock=PutBucketPublicAccessBlock "
            "DeletePublicAccessBlock=PutBucketPublicAccessBlock "
            "GetObjectLockConfiguration=GetBucketObjectLockConfiguration "
            "PutObjectLockConfiguration=PutBucketObjectLockConfiguration "
            "GetBucketAnalyticsConfiguration=GetAnalyticsConfiguration "
            "ListBucketAnalyticsConfigurations=GetAnalyticsConfiguration "
            "PutBucketAnalyticsConfiguration=PutAnalyticsConfiguration "
            "DeleteBucketAnalyticsConfiguration=PutAnalyticsConfiguration "
            "GetBucketInventoryConfiguration=GetInventoryConfiguration "
            "ListBucketInventoryConfigurations=GetInventoryConfiguration "
            "PutBucketInventoryConfiguration=PutInventoryConfiguration "
            "DeleteBucketInventoryConfiguration=PutInventoryConfiguration "
            "GetBucketMetricsConfiguration=GetMetricsConfiguration "
            "ListBucketMetricsConfigurations=GetMetricsConfiguration "
            "PutBucketMetricsConfiguration=PutMetricsConfiguration "
            "DeleteBucketMetricsConfiguration=PutMetricsConfiguration "
            "GetBucketIntelligentTieringConfiguration=GetIntelligentTieringConfiguration "
            "ListBucketIntelligentTieringConfigurations=GetIntelligentTieringConfiguration "
            "PutBucketIntelligentTieringConfiguration=PutIntelligentTieringConfiguration "
            "DeleteBucketIntelligentTieringConfiguration=PutIntelligentTieringConfiguration"
        ),
        _OBJECT: (
            "SelectObjectContent=GetObject UploadPart=PutObject CompleteMultipartUpload=PutObject "
            "ListParts=ListMultipartUploadParts AbortMultipartUpload RestoreObject GetObjectAttributes "
            "GetObjectAttributes=GetObject GetObjectTorrent GetObjectLegalHold PutObjectLegalHold "
            "GetObjectRetention PutObjectRetention"
        ),
    },
    special={
        **dict.fromkeys(
            (
                *("GetObject", "HeadObject", "DeleteObject", "GetObjectAcl", "PutObjectAcl"),
                *("GetObjectTagging", "PutObjectTagging", "DeleteObjectTagging"),
            ),
            _versioned,
        ),
        "PutObject": _put,
        "CreateMultipartUpload": _put,
        "CopyObject": _copy,
        "UploadPartCopy": _copy,
        "DeleteObjects": _delete_many,
    },
    context=_context,
)
