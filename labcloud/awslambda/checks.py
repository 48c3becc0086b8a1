"""What CreateFunction, UpdateFunctionCode, UpdateFunctionConfiguration and AddPermission refuse before anything changes.

Source: Lambda API Reference and the service's own sentences as users meet them; "The local cloud …" is ours.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from labcloud.api import ApiRequest
from labcloud.awslambda.errors import InvalidParameterValue
from labcloud.awslambda.interpreters import PYTHON_RUNTIMES
from labcloud.awslambda.package import check_package, check_sizes
from labcloud.errors import AwsError

RETIRED = re.compile(
    r"python(2\.7|3\.[67])|nodejs(4\.3|6\.10|8\.10|1[0246]\.x)?|(nodejs4\.3-edge|go1\.x|ruby2\.[57]|java8|provided)|dotnetcore.*"
)
ACCEPTED = (
    *PYTHON_RUNTIMES,
    *("nodejs18.x", "nodejs20.x", "nodejs22.x", "nodejs24.x", "java8.al2", "java11", "java17", "java21", "java25"),
    *("dotnet6", "dotnet8", "dotnet10", "ruby3.2", "ruby3.3", "ruby3.4", "provided.al2", "provided.al2023"),
)
LIMITS = {"Timeout": (1, 900), "MemorySize": (128, 10_240)}
PATTERNS = {
    "Handler": r"[^\s]+",
    "Role": r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+",
}
LENGTHS = {"Handler": 128, "Description": 256}
RESERVED_KEYS = frozenset(
    (
        *("_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV"),
        *("AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION"),
        *("AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME"),
        *("AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        *("AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"),
    )
)
UNSERVED = (
    *("VpcConfig", "DeadLetterConfig", "FileSystemConfigs", "ImageConfig", "KMSKeyArn", "CodeSigningConfigArn"),
    *("LoggingConfig", "DurableConfig", "TenancyConfig", "CapacityProviderConfig", "AcceleratorConfig", "PublishTo"),
)

WhyNotAssumed = Callable[[str], str | None]
"""why_not_assumed(role ARN): None if Lambda may assume the role, else the reason."""
ReadObject = Callable[[str, str, str], bytes]
"""read_object(account id, bucket, key); raises AwsError."""
LayerSizes = Callable[[str, str, str], int]
"""layer_size(account id, region, layer version ARN): unzipped bytes; raises AwsError."""
SizesOf = Callable[[ApiRequest], tuple[int, int]]
"""sizes_of(request): unzipped bytes of the code and of the layers that the function of a request has; raises AwsError."""


class FunctionChecks:
    """Checks for the gateway, one for each operation."""

    def __init__(
        self, why_not_assumed: WhyNotAssumed, read_object: ReadObject, layer_size: LayerSizes, sizes_of: SizesOf
    ) -> None:
        self._why_not_assumed = why_not_assumed
        self._read_object = read_object
        self._layer_size = layer_size
        self._sizes_of = sizes_of

    def create_function(self, request: ApiRequest) -> None:
        """CreateFunction."""
        asked = request.parameters
        if asked.get("PackageType", "Zip") != "Zip":
            raise InvalidParameterValue("The local cloud runs functions of PackageType Zip only.")
        if not asked.get("Runtime") or not asked.get("Handler"):
            raise InvalidParameterValue(
                "Runtime and Handler are mandatory parameters for functions created with deployment packages."
            )
        self._configuration(request)
        self._code(request, asked["Code"], self._layers(request))

    def update_function_configuration(self, request: ApiRequest) -> None:
        """UpdateFunctionConfiguration."""
        self._configuration(request)
        if request.parameters.get("Layers"):
            check_sizes(self._sizes_of(request)[0], self._layers(request))

    def update_function_code(self, request: ApiRequest) -> None:
        """UpdateFunctionCode."""
        self._code(request, request.parameters, self._sizes_of(request)[1])

    def publish_layer_version(self, request: ApiRequest) -> None:
        """PublishLayerVersion."""
        self._code(request, request.parameters["Content"], 0)

    def _configuration(self, request: ApiRequest) -> None:
        asked = request.parameters
        check_values(asked)
        if asked.get("Runtime"):
            check_runtime(asked["Runtime"])
        check_environment((asked.get("Environment") or {}).get("Variables") or {})
        if unserved := [name for name in UNSERVED if _says_something(asked.get(name))]:
            raise InvalidParameterValue(f"The local cloud does not serve {', '.join(unserved)} of a function.")
        if (asked.get("SnapStart") or {}).get("ApplyOn", "None") != "None":
            raise InvalidParameterValue("The local cloud does not serve SnapStart.")
        if len(asked.get("Layers") or ()) > 5:
            raise InvalidParameterValue("Cannot reference more than 5 layers.")
        if asked.get("Role") and (why := self._why_not_assumed(asked["Role"])):
            # Not AWS's sentence, after which Terraform waits for five minutes: doc/decisions/006.
            raise InvalidParameterValue(f"Lambda cannot assume the role {asked['Role']}: {why}")

    def _layers(self, request: ApiRequest) -> int:
        layers = request.parameters.get("Layers") or ()
        return sum(self._layer_size(request.account_id, request.region, arn) for arn in layers)

    def _code(self, request: ApiRequest, code: Mapping[str, Any], layer_bytes: int) -> None:
        if code.get("ZipFile") is not None:
            package = code["ZipFile"]
            package = package if isinstance(package, bytes) else base64.b64decode(package)
            check_package(package, already_unzipped=layer_bytes, direct_upload=True)
        elif code.get("S3Bucket") and code.get("S3Key"):
            check_package(self._from_bucket(request, code), already_unzipped=layer_bytes)
        else:
            raise InvalidParameterValue("Please provide a source for function code.")

    def _from_bucket(self, request: ApiRequest, code: Mapping[str, Any]) -> bytes:
        if code.get("S3ObjectVersion"):
            raise InvalidParameterValue("The local cloud does not serve S3ObjectVersion of a function's code.")
        try:
            return self._read_object(request.account_id, code["S3Bucket"], code["S3Key"])
        except AwsError as error:
            raise InvalidParameterValue(
                f"Error occurred while GetObject. S3 Error Code: {error.code}. S3 Error Message: {error.message}"
            ) from error


def check_runtime(runtime: str) -> None:
    """Raises InvalidParameterValue for a name that AWS does not know, has retired, or that cannot run here."""
    if RETIRED.fullmatch(runtime):
        raise InvalidParameterValue(
            f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions. "
            "We recommend you use a supported runtime while creating or updating functions."
        )
    if runtime not in ACCEPTED:
        raise InvalidParameterValue(
            f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
            f"[{', '.join(ACCEPTED)}] or be a valid ARN"
        )
    if runtime not in PYTHON_RUNTIMES:
        raise InvalidParameterValue(
            f"The local cloud runs functions of {PYTHON_RUNTIMES[0]} to {PYTHON_RUNTIMES[-1]}, not of {runtime}."
        )


def check_values(asked: Mapping[str, Any]) -> None:
    """Raises AwsError ValidationException with everything that is out of its range."""
    faults: list[tuple[str, Any, str]] = []
    for name, (low, high) in LIMITS.items():
        value = asked.get(name)
        if value is not None and value < low:
            faults.append((name, value, f"Member must have value greater than or equal to {low}"))
        if value is not None and value > high:
            faults.append((name, value, f"Member must have value less than or equal to {high}"))
    for name, pattern in PATTERNS.items():
        if asked.get(name) is not None and not re.fullmatch(pattern, asked[name]):
            faults.append((name, asked[name], f"Member must satisfy regular expression pattern: {pattern}"))
    for name, longest in LENGTHS.items():
        if len(asked.get(name) or "") > longest:
            faults.append((name, asked[name], f"Member must have length less than or equal to {longest}"))
    if faults:
        said = "; ".join(
            f"Value '{value}' at '{_small(name)}' failed to satisfy constraint: {why}" for name, value, why in faults
        )
        count = f"{len(faults)} validation error{'s' if len(faults) > 1 else ''} detected"
        raise AwsError(f"{count}: {said}", code="ValidationException")


def check_environment(variables: Mapping[str, str]) -> None:
    """Raises InvalidParameterValue for reserved names and more than 4 KB."""
    begin = (
        "Lambda was unable to configure your environment variables because the environment variables you have provided"
    )
    if reserved := sorted(RESERVED_KEYS & set(variables)):
        raise InvalidParameterValue(
            f"{begin} contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    for name in variables:
        if not re.fullmatch(r"[a-zA-Z]\w+", name):
            raise AwsError(
                f"1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: "
                f"Map keys must satisfy constraint: [Member must satisfy regular expression pattern: "
                f"[a-zA-Z]([a-zA-Z0-9_])+]: {name}",
                code="ValidationException",
            )
    written = json.dumps(dict(variables), separators=(",", ":"))
    if len(written.encode()) > 4096:
        raise InvalidParameterValue(f"{begin} exceeded the 4KB limit. String measured: {written}")


def _says_something(value: Any) -> bool:
    """Terraform sends empty blocks to reset a setting."""
    if isinstance(value, Mapping):
        return any(_says_something(item) for item in value.values())
    return bool(value) and value != "Text"


def _small(name: str) -> str:
    return name[:1].lower() + name[1:]


def check_permission(request: ApiRequest, policy: Mapping[str, Any] | None) -> None:
    """AddPermission: a function's policy has each statement id once. Raises AwsError ResourceConflictException."""
    given = request.parameters.get("StatementId")
    if any(statement.get("Sid") == given for statement in (policy or {}).get("Statement", ())):
        raise AwsError(
            f"The statement id ({given}) provided already exists. Please provide a new statement id, "
            "or remove the existing statement.",
            code="ResourceConflictException",
            status=409,
        )
