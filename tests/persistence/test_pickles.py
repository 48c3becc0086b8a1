"""Pickles of the state make data and nothing else."""

from __future__ import annotations

import os
import pickle
import subprocess
from collections import OrderedDict

import pytest

from labcloud.persistence.pickles import UnknownKind, dumps, loads
from labcloud.shadows.document import Shadow


def test_data_comes_back():
    value = {"a": [1, 2.5, None, b"x"], "o": OrderedDict(a=1), "s": Shadow(version=3), "t": {1, 2}}
    assert loads(dumps(value)) == value


@pytest.mark.parametrize("harmful", [os.system, subprocess.Popen, eval, getattr, __import__], ids=lambda f: f.__name__)
def test_a_pickle_that_would_run_something_is_refused(harmful):
    class Harm:
        def __reduce__(self):
            return harmful, ("true",)

    with pytest.raises(UnknownKind):
        loads(pickle.dumps(Harm()))


@pytest.mark.parametrize("name", ["labcloud.persistence.pickles os.system", "moto.s3.models os", "labcloud.cloud Path"])
def test_what_a_module_of_ours_imported_is_not_ours(name):
    with pytest.raises(UnknownKind):
        loads(b"c" + name.replace(" ", "\n").encode() + b"\n.")
