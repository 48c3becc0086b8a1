"""Lambda. Source: Service Authorization Reference, "AWS Lambda"."""

from __future__ import annotations

from collections.abc import Mapping

from labcloud.iam.context import Value
from labcloud.iam.permissions.table import Needed, Request, Table, expand


def function_arn(request: Request, qualified: bool = True) -> str:
    """Makes the ARN of `FunctionName` (name, partial or full ARN, with or without version) and `Qualifier`."""
    name = request.text("FunctionName", "*")
    if name.startswith("arn:"):
        arn = name
    else:
        account, colon, rest = name.partition(":function:")
        arn = request.arn("lambda", f"function:{rest if colon else name}")
        if colon and account.isdigit():
            arn = f"arn:aws:lambda:{request.region}:{account}:function:{rest}"
    if not qualified:
        return ":".join(arn.split(":")[:7])
    qualifier = request.text("Qualifier")
    return f"{arn}:{qualifier}" if qualifier and arn.count(":") == 6 else arn


def _invoke(request: Request) -> list[Needed]:
    return [Needed("lambda:InvokeFunction", function_arn(request))]


def _on_function(request: Request) -> list[Needed]:
    return [Needed(f"lambda:{request.operation}", function_arn(request, qualified=False)), *_code_and_layers(request)]


def _on_version(request: Request) -> list[Needed]:
    return [Needed(f"lambda:{request.operation}", function_arn(request))]


def _code_and_layers(request: Request) -> list[Needed]:
    """Code in S3 is read with the caller's permissions, layers need GetLayerVersion."""
    code = request.parameters.get("Code") or request.parameters.get("Content") or request.parameters
    needed = []
    if isinstance(code, Mapping) and code.get("S3Bucket"):
        needed.append(Needed("s3:GetObject", f"arn:aws:s3:::{code['S3Bucket']}/{code.get('S3Key', '*')}"))
    layers = request.parameters.get("Layers") or ()
    return needed + [Needed("lambda:GetLayerVersion", layer) for layer in layers]


def _publish_layer(request: Request) -> list[Needed]:
    layer = expand("layer:{LayerName}", request, "lambda")
    return [Needed("lambda:PublishLayerVersion", arn) for arn in layer] + _code_and_layers(request)


def _context(request: Request) -> Mapping[str, Value]:
    context: dict[str, Value] = {}
    if request.text("Principal"):
        context["lambda:Principal"] = request.text("Principal")
    if request.parameters.get("Layers"):
        context["lambda:Layer"] = request.parameters["Layers"]
    if "EventSourceMapping" in request.operation and request.text("FunctionName"):
        context["lambda:FunctionArn"] = function_arn(request)
    return context


LAMBDA = Table(
    prefix="lambda",
    rows={
        "event-source-mapping:{UUID}": ("GetEventSourceMapping UpdateEventSourceMapping DeleteEventSourceMapping"),
        "layer:{LayerName}:{VersionNumber}": (
            "GetLayerVersion DeleteLayerVersion GetLayerVersionPolicy AddLayerVersionPermission "
            "RemoveLayerVersionPermission"
        ),
        "{Arn}": "GetLayerVersionByArn=GetLayerVersion",
        "{Resource}": "TagResource UntagResource ListTags",
        "*": (
            "ListFunctions ListLayers ListLayerVersions ListEventSourceMappings CreateEventSourceMapping "
            "GetAccountSettings ListCodeSigningConfigs CreateCodeSigningConfig"
        ),
    },
    special={
        **dict.fromkeys(("Invoke", "InvokeWithResponseStream"), _invoke),
        **dict.fromkeys(
            (
                *("CreateFunction", "UpdateFunctionCode", "UpdateFunctionConfiguration", "PublishVersion"),
                *("CreateAlias", "GetAlias", "UpdateAlias", "DeleteAlias", "ListAliases", "ListVersionsByFunction"),
                *("PutFunctionConcurrency", "GetFunctionConcurrency", "DeleteFunctionConcurrency"),
                *("GetFunctionCodeSigningConfig", "PutFunctionCodeSigningConfig", "DeleteFunctionCodeSigningConfig"),
                *("GetRuntimeManagementConfig", "PutRuntimeManagementConfig", "InvokeAsync", "ListFunctionUrlConfigs"),
                *("GetFunctionRecursionConfig", "PutFunctionRecursionConfig", "ListFunctionEventInvokeConfigs"),
                "ListProvisionedConcurrencyConfigs",
            ),
            _on_function,
        ),
        **dict.fromkeys(
            (
                *("GetFunction", "GetFunctionConfiguration", "DeleteFunction", "GetPolicy"),
                *("AddPermission", "RemovePermission", "GetFunctionEventInvokeConfig", "PutFunctionEventInvokeConfig"),
                *("UpdateFunctionEventInvokeConfig", "DeleteFunctionEventInvokeConfig"),
                *("CreateFunctionUrlConfig", "GetFunctionUrlConfig", "UpdateFunctionUrlConfig"),
                *("DeleteFunctionUrlConfig", "PutProvisionedConcurrencyConfig"),
                *("GetProvisionedConcurrencyConfig", "DeleteProvisionedConcurrencyConfig"),
            ),
            _on_version,
        ),
        "PublishLayerVersion": _publish_layer,
    },
    tag_action="lambda:TagResource",
    context=_context,
)
