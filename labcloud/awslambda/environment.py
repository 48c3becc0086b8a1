"""The environment variables that a function sees: AWS's, the learner's, and nothing of this machine's. Pure.

AWS Lambda developer guide, "Defined runtime environment variables".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from labcloud.awslambda.model import Credentials, FunctionConfig


@dataclass(frozen=True)
class Places:
    """Where a worker finds things, as it sees them itself."""

    task_root: str
    layers_root: str
    temporary: str
    home: str
    packages: str
    runtime_api: str
    endpoint_url: str


def function_environment(
    config: FunctionConfig, credentials: Credentials, places: Places, log_stream: str
) -> Mapping[str, str]:
    """AWS's reserved variables win over the function's own; the function's own win over the rest."""
    defaults = {
        "PATH": f"{places.layers_root}/bin:/usr/local/bin:/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "HOME": places.home,
        "TMPDIR": places.temporary,
        "AWS_ENDPOINT_URL": places.endpoint_url,
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
    }
    reserved = {
        "_HANDLER": config.handler,
        "AWS_REGION": config.region,
        "AWS_DEFAULT_REGION": config.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": config.name,
        "AWS_LAMBDA_FUNCTION_VERSION": config.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": config.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_RUNTIME_API": places.runtime_api,
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
        "LAMBDA_TASK_ROOT": places.task_root,
        "LAMBDA_RUNTIME_DIR": places.packages,
    }
    return {**defaults, **config.environment, **reserved}


def import_path(config: FunctionConfig, places: Places) -> list[str]:
    """Where the function's modules are looked for, before the runtime's boto3 and the standard library.

    A PYTHONPATH of the function's own comes first, as on AWS.
    """
    own = [entry for entry in config.environment.get("PYTHONPATH", "").split(":") if entry]
    layers = [f"{places.layers_root}/python/lib/{config.runtime}/site-packages", f"{places.layers_root}/python"]
    return [*own, places.task_root, *layers]
