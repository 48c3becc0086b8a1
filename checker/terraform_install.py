"""Finds Terraform and its AWS provider: a setting, PATH, a pinned download; a mirror on this machine or the registry."""

from __future__ import annotations

import hashlib
import io
import os
import platform
import shutil
import stat
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from checker.errors import ToolMissing, UsageProblem

VERSION = "1.11.4"
DOWNLOAD_URL = "https://releases.hashicorp.com/terraform/{version}/terraform_{version}_{platform}.zip"
# SHA-256 of HashiCorp's zip files of this version, as terraform_1.11.4_SHA256SUMS lists them.
SHA256 = {
    "linux_amd64": "1ce994251c00281d6845f0f268637ba50c0005657eb3cf096b92f753b42ef4dc",
    "linux_arm64": "a43d1d0da9b9bab214a8305a39db0e40869572594ccf50c416a7756499143633",
    "darwin_amd64": "a56d5002b9f7647291faccc3dd1a70350e60fb61e4c45037629508b8fdc2575b",
    "darwin_arm64": "867e0808fa971217043e25b7a792b10720c79b1546f8a68479b74f138be73e18",
}
AWS_PROVIDER = "registry.terraform.io/hashicorp/aws"
INSTALL_HELP = "install Terraform 1.9 or newer (https://developer.hashicorp.com/terraform/install) or set LAB_TERRAFORM"


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the kit keeps what it downloads: LAB_CACHE, else the user's cache folder."""
    if chosen := environ.get("LAB_CACHE"):
        return Path(chosen)
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "iot-lab-kit"


def find_terraform(environ: Mapping[str, str] = os.environ) -> Path | None:
    """An installed Terraform: the setting LAB_TERRAFORM, PATH, or an earlier download; None if there is none."""
    if chosen := environ.get("LAB_TERRAFORM"):
        if not os.access(chosen, os.X_OK) or Path(chosen).is_dir():
            raise ToolMissing(f"LAB_TERRAFORM names {chosen}, which is not a program", next_step=INSTALL_HELP)
        return Path(chosen)
    if found := shutil.which("terraform", path=environ.get("PATH")):
        return Path(found)
    downloaded = _downloaded(environ)
    return downloaded if downloaded.exists() else None


def ensure_terraform(environ: Mapping[str, str] = os.environ, say: Callable[[str], None] = lambda _: None) -> Path:
    """An installed Terraform, or the pinned one, downloaded and compared with its checksum."""
    if found := find_terraform(environ):
        return found
    say(f"Terraform is not installed: downloading {VERSION} into {cache_folder(environ)} ...")
    return _download(environ)


def this_platform() -> str:
    """HashiCorp's name of this system, for example linux_amd64."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine().lower(), platform.machine().lower())
    return f"{platform.system().lower()}_{machine}"


def _downloaded(environ: Mapping[str, str]) -> Path:
    return cache_folder(environ) / f"terraform-{VERSION}" / "terraform"


def _download(environ: Mapping[str, str]) -> Path:
    system = this_platform()
    if system not in SHA256:
        raise ToolMissing(
            f"Terraform is not installed and the kit knows no download for {system}", next_step=INSTALL_HELP
        )
    url = DOWNLOAD_URL.format(version=VERSION, platform=system)
    try:
        with urllib.request.urlopen(url, timeout=60) as response:
            archive = response.read()
    except (urllib.error.URLError, TimeoutError) as error:
        raise ToolMissing(
            f"Terraform is not installed and {url} cannot be read: {error}", next_step=INSTALL_HELP
        ) from error
    return unpack_verified(archive, SHA256[system], _downloaded(environ))


def unpack_verified(archive: bytes, sha256: str, program: Path) -> Path:
    """Writes the `terraform` of a zip to `program` if the zip has the checksum; refuses it otherwise."""
    found = hashlib.sha256(archive).hexdigest()
    if found != sha256:
        raise ToolMissing(
            f"The downloaded Terraform is not the pinned one: SHA-256 is {found}, expected {sha256}",
            next_step=INSTALL_HELP,
        )
    program.parent.mkdir(parents=True, exist_ok=True)
    unfinished = program.with_suffix(f".{os.getpid()}")
    unfinished.write_bytes(zipfile.ZipFile(io.BytesIO(archive)).read("terraform"))
    unfinished.chmod(unfinished.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    unfinished.replace(program)
    return program


def find_mirror(
    folder: Path, environ: Mapping[str, str] = os.environ, roots: Iterable[Path] | None = None
) -> Path | None:
    """A folder on this machine that holds the AWS provider in Terraform's mirror layout, or None.

    Order: LAB_TERRAFORM_MIRROR, the places where Terraform itself looks, then folders below /opt and /usr/local/lib.
    """
    if chosen := environ.get("LAB_TERRAFORM_MIRROR"):
        if not (Path(chosen) / AWS_PROVIDER).is_dir():
            raise ToolMissing(
                f"LAB_TERRAFORM_MIRROR is {chosen}, which has no {AWS_PROVIDER}", next_step="correct or unset it"
            )
        return Path(chosen)
    candidates = _usual_places(folder, environ) if roots is None else list(roots)
    return next((place for place in candidates if (place / AWS_PROVIDER).is_dir()), None)


def _usual_places(folder: Path, environ: Mapping[str, str]) -> list[Path]:
    home = Path.home()
    data_home = Path(environ.get("XDG_DATA_HOME") or home / ".local/share")
    data_dirs = (environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    own = [folder / "terraform.d/plugins", home / ".terraform.d/plugins", data_home / "terraform/plugins"]
    own += [home / "Library/Application Support/io.terraform/plugins"]
    own += [Path(place) / "terraform/plugins" for place in data_dirs]
    below = [place for parent in ("/opt", "/usr/local/lib") for place in _folders(Path(parent))]
    return own + below


def _folders(parent: Path) -> list[Path]:
    try:
        return sorted(place for place in parent.iterdir() if place.is_dir())
    except OSError:
        return []


def cli_config(mirror: Path | None, plugin_cache: Path) -> str:
    """The text of a Terraform CLI configuration: the AWS provider from the mirror, or from the registry through a cache.

    https://developer.hashicorp.com/terraform/cli/config/config-file
    """
    if mirror is None:
        return f'disable_checkpoint = true\nplugin_cache_dir   = "{plugin_cache}"\n'
    return (
        "disable_checkpoint = true\n"
        "provider_installation {\n"
        f'  filesystem_mirror {{\n    path    = "{mirror}"\n    include = ["{AWS_PROVIDER}"]\n  }}\n'
        f'  direct {{\n    exclude = ["{AWS_PROVIDER}"]\n  }}\n'
        "}\n"
    )


def cli_config_file(folder: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """The CLI configuration to run Terraform with in `folder`: the user's own if it exists, else one of the kit's.

    Raises UsageProblem if the user's own cannot be read.
    """
    own = environ.get("TF_CLI_CONFIG_FILE") or str(Path.home() / ".terraformrc")
    if Path(own).is_file():
        if not os.access(own, os.R_OK):
            raise UsageProblem(
                f"{own} (Terraform's CLI configuration) cannot be read",
                next_step="look at its permissions, or unset TF_CLI_CONFIG_FILE: the kit then writes its own",
            )
        return Path(own)
    plugin_cache = cache_folder(environ) / "providers"
    plugin_cache.mkdir(parents=True, exist_ok=True)
    text = cli_config(find_mirror(folder, environ), plugin_cache)
    written = cache_folder(environ) / f"terraform-{hashlib.sha256(text.encode()).hexdigest()[:12]}.tfrc"
    if not written.exists():
        unfinished = written.with_suffix(f".{os.getpid()}")
        unfinished.write_text(text)
        unfinished.replace(written)
    return written
