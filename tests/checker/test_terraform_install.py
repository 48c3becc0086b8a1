"""Terraform and its provider are found where people keep them; a download is compared with its checksum."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from pathlib import Path

import pytest

from checker.errors import ToolMissing, UsageProblem
from checker.terraform_install import (
    AWS_PROVIDER,
    SHA256,
    cache_folder,
    cli_config,
    cli_config_file,
    find_mirror,
    find_terraform,
    unpack_verified,
)


def make_mirror(folder: Path) -> Path:
    (folder / AWS_PROVIDER).mkdir(parents=True)
    return folder


def zip_with(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("terraform", content)
    return buffer.getvalue()


def test_the_setting_wins_over_the_path(program):
    own = program("true", "my-terraform")

    assert find_terraform({"LAB_TERRAFORM": str(own), "PATH": os.defpath}) == own


def test_a_setting_that_names_no_program_is_refused(tmp_path):
    with pytest.raises(ToolMissing, match="which is not a program"):
        find_terraform({"LAB_TERRAFORM": str(tmp_path / "missing")})


def test_without_any_terraform_none_is_found(tmp_path):
    assert find_terraform({"PATH": str(tmp_path), "LAB_CACHE": str(tmp_path)}) is None


def test_a_download_with_the_right_checksum_becomes_a_program(tmp_path):
    archive = zip_with(b"program")

    installed = unpack_verified(archive, hashlib.sha256(archive).hexdigest(), tmp_path / "bin" / "terraform")

    assert installed.read_bytes() == b"program"
    assert os.access(installed, os.X_OK)


def test_a_download_with_another_checksum_is_refused(tmp_path):
    with pytest.raises(ToolMissing, match="is not the pinned one: SHA-256 is [0-9a-f]{64}, expected 1ce994"):
        unpack_verified(zip_with(b"evil"), SHA256["linux_amd64"], tmp_path / "terraform")
    assert not (tmp_path / "terraform").exists()


def test_a_mirror_below_a_usual_parent_is_found(tmp_path):
    mirror = make_mirror(tmp_path / "plugins")

    assert find_mirror(tmp_path, {}, roots=[tmp_path / "empty", mirror]) == mirror


def test_the_workspace_own_plugins_are_a_mirror(tmp_path):
    mirror = make_mirror(tmp_path / "terraform.d/plugins")

    assert find_mirror(tmp_path, {}) == mirror


def test_a_mirror_setting_without_the_provider_is_refused(tmp_path):
    with pytest.raises(ToolMissing, match="which has no registry.terraform.io/hashicorp/aws"):
        find_mirror(tmp_path, {"LAB_TERRAFORM_MIRROR": str(tmp_path)})


def test_with_a_mirror_the_aws_provider_is_never_downloaded():
    text = cli_config(Path("/mirror"), Path("/cache"))

    assert 'path    = "/mirror"' in text
    assert text.count(AWS_PROVIDER) == 2


def test_without_a_mirror_downloads_are_cached():
    assert 'plugin_cache_dir   = "/cache"' in cli_config(None, Path("/cache"))


def test_a_users_own_configuration_is_respected(tmp_path):
    own = tmp_path / "own.tfrc"
    own.write_text("")

    assert cli_config_file(tmp_path, {"TF_CLI_CONFIG_FILE": str(own)}) == own


def test_a_configuration_that_does_not_exist_is_replaced_by_one_of_the_kit(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    mirror = make_mirror(tmp_path / "mirror")
    settings = {"TF_CLI_CONFIG_FILE": "/missing", "LAB_CACHE": str(tmp_path), "LAB_TERRAFORM_MIRROR": str(mirror)}

    written = cli_config_file(tmp_path, settings)

    assert written.parent == tmp_path
    assert str(mirror) in written.read_text()
    assert cli_config_file(tmp_path, settings) == written


def test_downloads_lie_in_the_users_cache():
    assert cache_folder({"XDG_CACHE_HOME": "/cache"}) == Path("/cache/iot-lab-kit")


def test_a_cli_configuration_that_cannot_be_read_is_told_with_its_remedy(tmp_path, monkeypatch):
    own = tmp_path / "own.tfrc"
    own.write_text("")
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(UsageProblem, match="own.tfrc .* cannot be read") as problem:
        cli_config_file(tmp_path, {"TF_CLI_CONFIG_FILE": str(own)})
    assert "unset TF_CLI_CONFIG_FILE" in problem.value.next_step
