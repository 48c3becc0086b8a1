from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from labcloud.awslambda import LambdaRuntime
from tests.awslambda.conftest import ENDPOINT, function_of, zip_of


def test_a_function_sees_lambdas_environment_and_nothing_of_the_hosts(
    runtime: LambdaRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", "/host/ca.pem")
    monkeypatch.setenv("SECRET_OF_THE_HOST", "1")
    function = function_of(
        "import os\ndef handler(event, context): return dict(os.environ)",
        runtime="python3.12",
        environment={"TABLE": "readings", "AWS_REGION": "mars-1"},
    )
    seen = json.loads(runtime.invoke(function, b"{}").payload)
    expected = {
        "TABLE": "readings",
        "_HANDLER": "app.handler",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_ACCESS_KEY_ID": "ASIALAB",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
        "AWS_ENDPOINT_URL": ENDPOINT,
        "TZ": ":UTC",
    }
    assert {name: seen.get(name) for name in expected} == expected
    assert not {"SECRET_OF_THE_HOST", "AWS_CA_BUNDLE", "VIRTUAL_ENV", "PYTHONPATH", "USER"} & set(seen)


def test_the_function_runs_in_its_unpacked_code(runtime: LambdaRuntime) -> None:
    function = function_of(
        {
            "app.py": """
                import os, tempfile
                def handler(event, context):
                    with tempfile.TemporaryFile() as scratch:
                        scratch.write(b"x")
                    return [os.getcwd(), os.environ["LAMBDA_TASK_ROOT"], open("data.txt").read(), os.stat(".").st_mode]
            """,
            "data.txt": "hello",
        }
    )
    folder, task_root, data, mode = json.loads(runtime.invoke(function, b"{}").payload)
    assert folder == task_root
    assert data == "hello"
    assert mode & 0o222 == 0


def test_the_runtimes_packages_can_be_imported_and_no_others(runtime: LambdaRuntime) -> None:
    function = function_of(
        """
        import importlib, importlib.metadata, sys
        def handler(names, context):
            found = []
            for name in names:
                try:
                    importlib.import_module(name)
                    found.append(name)
                except ImportError:
                    pass
            return [found, importlib.metadata.version("boto3"), __import__("boto3").__version__]
        """
    )
    there = ["boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six"]
    missing = ["requests", "paho", "moto", "labcloud", "checker", "click", "psutil", "pytest", "time_machine", "yaml"]
    found, metadata_version, version = json.loads(
        runtime.invoke(function, json.dumps(there + missing).encode()).payload
    )
    assert found == there
    assert metadata_version == version


def test_boto3_reaches_the_clouds_endpoint_with_the_roles_credentials(runtime: LambdaRuntime) -> None:
    function = function_of(
        """
        import boto3
        def handler(event, context):
            client = boto3.client("iot-data")
            return [client.meta.endpoint_url, client.meta.region_name, boto3.Session().get_credentials().access_key]
        """
    )
    assert json.loads(runtime.invoke(function, b"{}").payload) == [ENDPOINT, "eu-central-1", "ASIALAB"]


def test_a_packed_boto3_wins_over_the_runtimes(runtime: LambdaRuntime) -> None:
    function = function_of(
        {
            "app.py": "import boto3\ndef handler(event, context): return boto3.__version__",
            "boto3/__init__.py": "__version__ = 'packed'",
        }
    )
    assert runtime.invoke(function, b"{}").payload == b'"packed"'


def test_layers_lie_below_opt_and_the_package_wins(runtime: LambdaRuntime) -> None:
    layers = (
        zip_of({"python/shared.py": "value = 'layer'", "python/both.py": "value = 'layer'", "data/a.txt": "1"}),
        zip_of({"python/lib/python3.11/site-packages/deep.py": "value = 'deep'", "data/a.txt": "2"}),
    )
    source = {
        "app.py": """
            import shared, both, deep
            def handler(event, context): return [shared.value, both.value, deep.value]
        """,
        "both.py": "value = 'package'",
    }
    result = runtime.invoke(function_of(source, layers=layers), b"{}")
    assert json.loads(result.payload) == ["layer", "package", "deep"]


def test_standard_input_is_empty_and_children_get_no_pipes(runtime: LambdaRuntime) -> None:
    function = function_of(
        """
        import os, subprocess, sys
        def handler(event, context):
            listing = subprocess.run(["ls", "/proc/self/fd"], capture_output=True, text=True).stdout
            return [sys.stdin.read(), len(listing.split())]
        """
    )
    text, descriptors = json.loads(runtime.invoke(function, b"{}").payload)
    assert text == ""
    if Path("/proc/self/fd").exists():
        assert descriptors <= 4


def test_other_users_cannot_read_the_unpacked_code(runtime: LambdaRuntime) -> None:
    function = function_of("import os\ndef handler(event, context): return os.environ['LAMBDA_TASK_ROOT']")
    task_root = Path(json.loads(runtime.invoke(function, b"{}").payload))
    assert os.stat(task_root.parent.parent).st_mode & 0o077 == 0
