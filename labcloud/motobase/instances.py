"""moto 5.2.5 keeps every model object that it ever made, also items and messages that are long deleted: for a page of
its own server that shows them. In a cloud that runs for days that is a leak, so here objects end with their last user.

moto's other reader of that list is S3's `reset`, to close the files of forgotten objects; a file that nobody refers to
closes itself.
"""

from __future__ import annotations

from typing import Any

from moto.core.common_models import BaseModel
from moto.core.model_instances import reset_model_data

from labcloud.motobase import hooks


def install() -> None:
    """Puts the hook in place, and lets go of what was kept so far."""
    if hooks.first_time(__name__):
        hooks.replace(BaseModel, "__new__", new_untracked)
        reset_model_data()


def new_untracked(kind: type[BaseModel], *_: Any, **__: Any) -> Any:
    """moto's own way to make an object, without keeping it."""
    return super(BaseModel, kind).__new__(kind)
