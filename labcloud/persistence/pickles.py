"""Pickles for the state file. Reading makes only objects of known kinds: a state folder is data, not a program."""

from __future__ import annotations

import io
import pickle
from typing import Any

OWN = ("moto", "labcloud")
"""Packages whose classes may be made."""
KNOWN_MODULES = frozenset(
    {
        "_strptime", "collections", "datetime", "decimal", "enum", "fractions", "ipaddress", "uuid", "zoneinfo",
        "dateutil.tz.tz", "requests.structures", "werkzeug.datastructures.headers", "werkzeug.datastructures.structures",
    }
)  # fmt: skip
"""Other modules whose classes may be made."""
KNOWN_NAMES = frozenset(
    {
        ("_codecs", "encode"), ("builtins", "bytearray"), ("builtins", "complex"), ("builtins", "dict"),
        ("builtins", "frozenset"), ("builtins", "int"), ("builtins", "list"), ("builtins", "object"),
        ("builtins", "range"), ("builtins", "set"), ("builtins", "slice"), ("builtins", "str"), ("builtins", "tuple"),
        ("builtins", "float"), ("builtins", "bytes"), ("builtins", "bool"), ("copyreg", "_reconstructor"),
        ("re", "_compile"), ("types", "SimpleNamespace"), ("weakref", "WeakValueDictionary"), ("random", "Random"),
    }
)  # fmt: skip
"""Single names of modules that hold more than data."""


class UnknownKind(pickle.UnpicklingError):
    """A pickle wants something that no state of ours contains."""


class Unpickler(pickle.Unpickler):
    """Refuses every global but classes of ours, of moto and of plain data, and functions that were registered."""

    functions: set[tuple[str, str]] = set()

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in KNOWN_NAMES or (module, name) in self.functions:
            return super().find_class(module, name)
        if "." not in name and (module.split(".")[0] in OWN or module in KNOWN_MODULES):
            found = super().find_class(module, name)
            if isinstance(found, type) and found.__module__ == module:
                return found
        raise UnknownKind(f"{module}.{name}")


def restorer(function: Any) -> Any:
    """Marks a function that pickles may call."""
    Unpickler.functions.add((function.__module__, function.__qualname__))
    return function


def dumps(value: Any) -> bytes:
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def loads(data: bytes) -> Any:
    """Raises UnpicklingError, or whatever a damaged pickle makes Python raise."""
    return Unpickler(io.BytesIO(data)).load()
