"""The resource types that stacks may have."""

from __future__ import annotations

from collections.abc import Mapping

from labcloud.stacks.types.base import Api, Made, ResourceType
from labcloud.stacks.types.data import DATA
from labcloud.stacks.types.functions import FUNCTIONS
from labcloud.stacks.types.identity import IDENTITY
from labcloud.stacks.types.iot import IOT
from labcloud.stacks.types.messaging import MESSAGING
from labcloud.stacks.types.states import STATES
from labcloud.stacks.types.storage import STORAGE

TYPES: Mapping[str, ResourceType] = {**IOT, **IDENTITY, **FUNCTIONS, **STORAGE, **MESSAGING, **STATES, **DATA}

__all__ = ["TYPES", "Api", "Made", "ResourceType"]
