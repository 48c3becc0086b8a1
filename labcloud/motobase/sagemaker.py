"""SageMaker notebook instances on moto 5.2.5: updates, and tags that are replaced instead of doubled.

moto 5.2.5 lacks UpdateNotebookInstance and UpdateNotebookInstanceLifecycleConfig, appends a tag whose key is there, and
does not let a lifecycle configuration be tagged.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.sagemaker.models import (
    FakeSagemakerNotebookInstance,
    FakeSageMakerNotebookInstanceLifecycleConfig,
    SageMakerModelBackend,
)
from moto.sagemaker.responses import SageMakerResponse

from labcloud.errors import AwsError
from labcloud.motobase import hooks

CHANGEABLE = {
    "InstanceType": "instance_type",
    "RoleArn": "role_arn",
    "LifecycleConfigName": "lifecycle_config_name",
    "VolumeSizeInGB": "volume_size_in_gb",
    "DefaultCodeRepository": "default_code_repository",
    "AdditionalCodeRepositories": "additional_code_repositories",
    "AcceleratorTypes": "accelerator_types",
    "RootAccess": "root_access",
}
REMOVABLE = {
    "DisassociateLifecycleConfig": "lifecycle_config_name",
    "DisassociateDefaultCodeRepository": "default_code_repository",
    "DisassociateAdditionalCodeRepositories": "additional_code_repositories",
    "DisassociateAcceleratorTypes": "accelerator_types",
}


def install() -> None:
    """Puts the hooks in place."""
    if not hooks.first_time(__name__):
        return
    hooks.add(SageMakerResponse, "update_notebook_instance", update_notebook_instance)
    hooks.add(SageMakerResponse, "update_notebook_instance_lifecycle_config", update_lifecycle_config)
    hooks.replace(SageMakerModelBackend, "add_tags", add_tags)
    hooks.replace(SageMakerModelBackend, "_get_resource_from_arn", find_resource)
    hooks.replace(SageMakerModelBackend, "create_notebook_instance", create_notebook_instance)
    hooks.replace(SageMakerResponse, "create_notebook_instance_lifecycle_config", create_lifecycle_config)


def update_notebook_instance(self: SageMakerResponse) -> ActionResult:
    """Changes a stopped notebook instance."""
    notebook = self.sagemaker_backend.get_notebook_instance(self._get_param("NotebookInstanceName"))
    if notebook.status not in ("Stopped", "Failed"):
        message = (
            f"Status ({notebook.status}) not in ([Stopped, Failed]). "
            f"Unable to transition to (Updating) for Notebook Instance ({notebook.arn})"
        )
        raise AwsError(message, code="ValidationException")
    if instance_type := self._get_param("InstanceType"):
        notebook.validate_instance_type(instance_type)
    _require_lifecycle_config(self.sagemaker_backend, self._get_param("LifecycleConfigName"))
    for member, attribute in CHANGEABLE.items():
        if (value := self._get_param(member)) is not None:
            setattr(notebook, attribute, value)
    for member, attribute in REMOVABLE.items():
        if self._get_bool_param(member, False):
            setattr(notebook, attribute, None)
    notebook.last_modified_time = utcnow()
    return EmptyResult()


def create_notebook_instance(
    self: SageMakerModelBackend, *arguments: Any, **named: Any
) -> FakeSagemakerNotebookInstance:
    """With a lifecycle configuration that exists."""
    _require_lifecycle_config(self, named.get("lifecycle_config_name"))
    return hooks.stock(SageMakerModelBackend, "create_notebook_instance")(self, *arguments, **named)


def create_lifecycle_config(self: SageMakerResponse) -> ActionResult:
    """Keeps the tags."""
    answer = hooks.stock(SageMakerResponse, "create_notebook_instance_lifecycle_config")(self)
    _lifecycle_config(self).tags = self._get_param("Tags") or []
    return answer


def update_lifecycle_config(self: SageMakerResponse) -> ActionResult:
    """Replaces both scripts."""
    config = _lifecycle_config(self)
    config.on_create, config.on_start = self._get_param("OnCreate") or [], self._get_param("OnStart") or []
    config.last_modified_time = utcnow()
    return EmptyResult()


def add_tags(self: SageMakerModelBackend, arn: str, tags: list[dict[str, str]]) -> list[dict[str, str]]:
    """A tag with a key that is there replaces the old one."""
    resource = self._get_resource_from_arn(arn)
    keys = {tag["Key"] for tag in tags}
    resource.tags = [tag for tag in resource.tags if tag["Key"] not in keys] + tags
    return resource.tags


def find_resource(self: SageMakerModelBackend, arn: str) -> Any:
    """Also finds lifecycle configurations."""
    if ":notebook-instance-lifecycle-config/" in arn:
        for config in self.notebook_instance_lifecycle_configurations.values():
            if config.arn == arn:
                return config
        raise AwsError(f"Record {arn} does not exist.", code="ValidationException")
    return hooks.stock(SageMakerModelBackend, "_get_resource_from_arn")(self, arn)


def _lifecycle_config(response: SageMakerResponse) -> FakeSageMakerNotebookInstanceLifecycleConfig:
    name = response._get_param("NotebookInstanceLifecycleConfigName")
    configurations = response.sagemaker_backend.notebook_instance_lifecycle_configurations
    if name not in configurations:
        raise AwsError(f"Unable to describe Notebook Instance Lifecycle Config '{name}'", code="ValidationException")
    return configurations[name]


def _require_lifecycle_config(backend: SageMakerModelBackend, name: str | None) -> None:
    if name and name not in backend.notebook_instance_lifecycle_configurations:
        message = f"NotebookInstanceLifecycleConfig {name} does not exist."
        raise AwsError(message, code="ValidationException")
