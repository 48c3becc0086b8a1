"""What scripts get before the first apply, and what is shown of what they say."""

from __future__ import annotations

import pytest

from checker.curriculum.workspace import Workspace
from checker.deployment import Deployment, ending_of, written_prefix
from tests.checker.test_real_aws import a_target


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


def test_a_file_of_variables_in_another_encoding_is_read(tmp_path):
    (tmp_path / "terraform.tfvars").write_bytes('# Größe\nprefix = "ada_"\n'.encode("latin-1"))

    assert written_prefix(tmp_path) == "ada_"


@pytest.mark.parametrize("planted", ["certs", "certs/certificate.pem/x"], ids=["a file", "a folder"])
def test_what_a_script_put_in_the_place_of_the_certificates_makes_room(tmp_path, planted):
    (tmp_path / planted).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / planted).touch()
    deployment = Deployment(Workspace(tmp_path), a_target("local"))
    deployment._outputs = {"certificate_pem": "PEM"}

    deployment.write_certificates()

    assert (tmp_path / "certs" / "certificate.pem").read_text() == "PEM\n"


def test_the_end_of_a_long_output_is_shown_without_colours():
    shown = ending_of("\n".join(f"\x1b[31mline {number}\x1b[0m" for number in range(40))).splitlines()

    assert shown[:2] == ["(the last 15 of 40 lines)", "line 25"]
    assert ending_of(" \n") == "(it said nothing)"
