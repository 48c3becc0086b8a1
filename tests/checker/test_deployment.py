"""What scripts get before the first apply, and what is shown of what they say."""

from __future__ import annotations

import pytest

from checker.deployment import ending_of, written_prefix


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


def test_the_end_of_a_long_output_is_shown_without_colours():
    shown = ending_of("\n".join(f"\x1b[31mline {number}\x1b[0m" for number in range(40))).splitlines()

    assert shown[:2] == ["(the last 15 of 40 lines)", "line 25"]
    assert ending_of(" \n") == "(it said nothing)"
