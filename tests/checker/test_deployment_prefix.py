"""The prefix that scripts get before the first apply."""

from __future__ import annotations

import pytest

from checker.deployment import written_prefix


@pytest.mark.parametrize(
    ("files", "prefix"),
    [
        ({}, None),
        ({"terraform.tfvars": 'prefix = "ada_"\n'}, "ada_"),
        ({"terraform.tfvars": 'prefix = "ada_"\n', "own.auto.tfvars": ' prefix="bob_"\n'}, "bob_"),
        ({"terraform.tfvars": '# prefix = "x"\nother_prefix = "y"\n'}, None),
    ],
    ids=["no file", "terraform.tfvars", "auto.tfvars wins", "other lines"],
)
def test_the_prefix_stands_in_the_files_of_variables(tmp_path, files, prefix):
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    assert written_prefix(tmp_path) == prefix
