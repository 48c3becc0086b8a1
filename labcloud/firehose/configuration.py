"""A delivery stream's S3 destination: from the API's form to what a delivery needs, refusing what is not served.

Source: Amazon Data Firehose API Reference, "ExtendedS3DestinationConfiguration".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from labcloud.api import ApiRequest
from labcloud.errors import AwsError
from labcloud.firehose.prefixes import check_prefixes
from labcloud.motobase.delivery_streams import delivery_stream

COMPRESSIONS = {"UNCOMPRESSED": "", "GZIP": ".gz", "ZIP": ".zip"}
"""By compression format: the extension that object names get."""
MIB = 1024 * 1024
_SWITCHES = {
    "DataFormatConversionConfiguration": "conversion of the record format",
    "DynamicPartitioningConfiguration": "dynamic partitioning",
}
_DELIMITERS = {"\\n": "\n", "\\t": "\t", "\\r\\n": "\r\n"}


@dataclass(frozen=True)
class Transformation:
    """The Lambda function that changes the records, and how much it gets at once."""

    function_arn: str
    role_arn: str
    retries: int = 3
    batch_bytes: int = MIB


@dataclass(frozen=True)
class Destination:
    """Where and how a stream's records are written."""

    role_arn: str
    bucket: str
    prefix: str
    error_prefix: str
    buffer_bytes: int
    buffer_s: int
    compression: str
    zone: tzinfo
    extension: str
    delimiter: bytes
    transformation: Transformation | None
    log_group: str | None
    log_stream: str | None


def read_destination(configuration: Mapping[str, Any]) -> Destination:
    """From the API's form. Raises AwsError InvalidArgumentException for what is wrong or not served."""
    _refuse_unserved(configuration)
    prefix, error_prefix = configuration.get("Prefix") or "", configuration.get("ErrorOutputPrefix") or ""
    check_prefixes(prefix, error_prefix)
    compression = configuration.get("CompressionFormat") or "UNCOMPRESSED"
    if compression not in COMPRESSIONS:
        raise _invalid(f"The local cloud does not serve CompressionFormat {compression}.")
    hints = configuration.get("BufferingHints") or {}
    logging = configuration.get("CloudWatchLoggingOptions") or {}
    enabled = bool(logging.get("Enabled"))
    transformation, delimiter = _read_processors(configuration)
    return Destination(
        role_arn=configuration["RoleARN"],
        bucket=configuration["BucketARN"].split(":::", 1)[-1],
        prefix=prefix,
        error_prefix=error_prefix,
        buffer_bytes=_ranged("SizeInMBs", hints.get("SizeInMBs"), 1, 128, 5) * MIB,
        buffer_s=_ranged("IntervalInSeconds", hints.get("IntervalInSeconds"), 0, 900, 300),
        compression=compression,
        zone=_zone(configuration.get("CustomTimeZone") or "UTC"),
        extension=configuration.get("FileExtension") or COMPRESSIONS[compression],
        delimiter=delimiter,
        transformation=transformation,
        log_group=logging.get("LogGroupName") if enabled else None,
        log_stream=logging.get("LogStreamName") if enabled else None,
    )


WhyNotAssumed = Callable[[str], str | None]
"""why_not_assumed(role ARN): None if Firehose may assume the role, else the reason."""


def check_create(request: ApiRequest, why_not_assumed: WhyNotAssumed) -> None:
    """Refuses what CreateDeliveryStream asks for and the local cloud does not do. Raises AwsError."""
    asked = request.parameters
    if asked.get("DeliveryStreamType") not in (None, "DirectPut"):
        raise _invalid(f"The local cloud does not serve delivery streams of type {asked['DeliveryStreamType']}.")
    destination = _check_destination(asked, "Configuration")
    if destination is None:
        raise _invalid("Exactly one destination configuration is supported for a Firehose")
    _check_role(destination, why_not_assumed)


def check_update(request: ApiRequest, why_not_assumed: WhyNotAssumed) -> None:
    """Refuses what UpdateDestination asks for and the local cloud does not do. Raises AwsError."""
    scope, name = request.scope, request.parameters["DeliveryStreamName"]
    stored = delivery_stream(scope.account_id, scope.region, name).configuration
    if destination := _check_destination(request.parameters, "Update", stored):
        _check_role(destination, why_not_assumed)


def _check_role(destination: Destination, why_not_assumed: WhyNotAssumed) -> None:
    """Not in AWS's words, which make Terraform wait: doc/decisions/006."""
    if why := why_not_assumed(destination.role_arn):
        raise _invalid(f"Firehose cannot assume the role {destination.role_arn}: {why}")


def _check_destination(
    asked: Mapping[str, Any], suffix: str, stored: Mapping[str, Any] | None = None
) -> Destination | None:
    others = [
        name
        for name in asked
        if name.endswith(f"Destination{suffix}") and not name.startswith(("S3", "ExtendedS3")) and asked[name]
    ]
    if others:
        raise _invalid(f"The local cloud serves S3 as destination of a delivery stream, not {', '.join(others)}.")
    given = asked.get(f"ExtendedS3Destination{suffix}") or asked.get(f"S3Destination{suffix}")
    return read_destination({**(stored or {}), **given}) if given else None


def _refuse_unserved(configuration: Mapping[str, Any]) -> None:
    for member, what in _SWITCHES.items():
        if (configuration.get(member) or {}).get("Enabled"):
            raise _invalid(f"The local cloud does not serve {what} ({member}).")
    if configuration.get("S3BackupMode") == "Enabled":
        raise _invalid("The local cloud does not serve backups of the source records (S3BackupMode).")
    if (configuration.get("EncryptionConfiguration") or {}).get("KMSEncryptionConfig"):
        raise _invalid("The local cloud does not serve encryption with KMS keys (KMSEncryptionConfig).")


def _read_processors(configuration: Mapping[str, Any]) -> tuple[Transformation | None, bytes]:
    processing = configuration.get("ProcessingConfiguration") or {}
    transformation, delimiter = None, b""
    for processor in processing.get("Processors") or [] if processing.get("Enabled") else []:
        parameters = {p["ParameterName"]: p["ParameterValue"] for p in processor.get("Parameters") or []}
        if processor["Type"] == "Lambda":
            transformation = _read_transformation(parameters, configuration["RoleARN"])
        elif processor["Type"] == "AppendDelimiterToRecord":
            given = parameters.get("Delimiter", "\\n")
            delimiter = _DELIMITERS.get(given, given).encode()
        else:
            raise _invalid(f"The local cloud does not serve the processor {processor['Type']}.")
    return transformation, delimiter


def _read_transformation(parameters: Mapping[str, str], role_arn: str) -> Transformation:
    if not parameters.get("LambdaArn"):
        raise _invalid("A processor of type Lambda needs the parameter LambdaArn.")
    size = float(parameters.get("BufferSizeInMBs") or 1)
    if not 0.2 <= size <= 3:
        raise _invalid(f"BufferSizeInMBs of a Lambda processor is between 0.2 and 3, not {size}.")
    retries = _ranged("NumberOfRetries", parameters.get("NumberOfRetries"), 0, 300, 3)
    return Transformation(parameters["LambdaArn"], parameters.get("RoleArn") or role_arn, retries, int(size * MIB))


def _ranged(name: str, given: Any, least: int, most: int, default: int) -> int:
    number = default if given is None else int(given)
    if not least <= number <= most:
        raise _invalid(f"{name} is between {least} and {most}, not {number}.")
    return number


def _zone(name: str) -> tzinfo:
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise _invalid(f"CustomTimeZone {name} is no time zone.") from error


def _invalid(message: str) -> AwsError:
    return AwsError(message, code="InvalidArgumentException")
