"""Archives of strangers: what is taken, what is left out, what is refused, and why."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile

import pytest

from checker.grading import archives
from checker.grading.archives import Refused, read_archive, top_names
from tests.grading.conftest import link, tar_of, zip_of


@pytest.mark.parametrize("make", [zip_of, tar_of, lambda f: tar_of(f, packed=""), lambda f: tar_of(f, packed="xz")],
                         ids=["zip", "tar.gz", "tar", "tar.xz"])  # fmt: skip
def test_every_usual_kind_is_read(workspace_files, make):
    tree = read_archive(make(workspace_files))

    assert {name: file.content for name, file in tree.files.items()} == workspace_files


@pytest.mark.parametrize(
    "name", ["../evil", "a/../../evil", "/etc/cron.d/evil", "..\\evil", "C:\\evil", "\\\\host\\evil"],
    ids=["parent", "parent inside", "absolute", "backslash", "drive", "network"],
)  # fmt: skip
@pytest.mark.parametrize("make", [zip_of, tar_of], ids=["zip", "tar"])
def test_a_name_that_leads_out_is_refused(make, name):
    with pytest.raises(Refused, match="leads out of the submission"):
        read_archive(make({name: b"x"}))


@pytest.mark.parametrize(
    ("entry"),
    [
        link("home", "/root"),
        link("home", "../../other"),
        link("hard", "terraform/iot.tf", tarfile.LNKTYPE),
        link("null", "", tarfile.CHRTYPE),
        link("disk", "", tarfile.BLKTYPE),
        link("pipe", "", tarfile.FIFOTYPE),
    ],
    ids=["symlink", "relative symlink", "hard link", "character device", "block device", "pipe"],
)
def test_links_and_devices_in_a_tar_are_left_out(workspace_files, entry):
    tree = read_archive(tar_of(workspace_files, entry))

    assert set(tree.files) == set(workspace_files)
    assert tree.left_out == [f"{entry.name}: it is a link or a device"]


def test_links_in_a_zip_are_left_out(workspace_files):
    stream = zip_of(workspace_files)
    with zipfile.ZipFile(stream, "a") as archive:
        entry = zipfile.ZipInfo("home")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/root")

    tree = read_archive(stream)

    assert "home" not in tree.files
    assert tree.left_out == ["home: it is a link or a device"]


def test_a_file_below_a_link_is_a_file_of_the_submission(workspace_files):
    tree = read_archive(tar_of({**workspace_files, "home/x": b"y"}, link("home", "/root")))

    assert tree.files["home/x"].content == b"y"


@pytest.mark.parametrize("make", [zip_of, tar_of], ids=["zip", "tar.gz"])
def test_a_bomb_is_refused(make):
    with pytest.raises(Refused, match="more than 100 times its size"):
        read_archive(make({"zeros": bytes(40_000_000)}))


def test_more_than_the_allowed_size_is_refused(monkeypatch):
    monkeypatch.setattr(archives, "MOST_BYTES", 1_000_000)

    with pytest.raises(Refused, match="larger than 0 MB unpacked"):
        read_archive(tar_of({"a": bytes(600_000), "b": bytes(600_000)}, packed=""))


def test_too_many_files_are_refused(monkeypatch):
    monkeypatch.setattr(archives, "MOST_FILES", 100)

    with pytest.raises(Refused, match="more than 100 files"):
        read_archive(zip_of({f"f{n}": b"" for n in range(200)}))


def test_a_zip_that_lies_about_a_size_is_refused():
    content = bytearray(zip_of({"terraform/iot.tf": b"x" * 1000}).getvalue())
    central = content.index(b"PK\x01\x02")
    struct.pack_into("<I", content, central + 24, 10)

    with pytest.raises(Refused, match="cannot be unpacked"):
        read_archive(io.BytesIO(bytes(content)))


def test_an_encrypted_zip_is_refused_with_the_likely_reason():
    content = bytearray(zip_of({"a": b"x"}).getvalue())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1

    with pytest.raises(Refused, match="password"):
        read_archive(io.BytesIO(bytes(content)))


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 broken", b"\x1f\x8b broken"],
                         ids=["empty", "text", "broken zip", "broken gzip"])  # fmt: skip
def test_what_is_no_archive_is_refused(content):
    with pytest.raises(Refused):
        read_archive(io.BytesIO(content))


def test_names_with_control_characters_are_left_out_and_shown_harmlessly():
    tree = read_archive(tar_of({"a\x1b[2J\nb": b"x", "fine": b"y"}))

    assert set(tree.files) == {"fine"}
    assert tree.left_out == ["a\\x1b[2J\\nb: its name holds control characters"]


def test_a_very_long_name_is_left_out():
    tree = read_archive(tar_of({"x" * 300: b"x", "/".join("d" * 60): b"y"}))

    assert tree.files == {}
    assert len(tree.left_out) == 2


def test_what_tools_make_is_left_behind():
    names = [".terraform/providers/aws", ".venv/bin/python", "src/__pycache__/a.pyc", "__MACOSX/._a"]

    assert read_archive(zip_of(dict.fromkeys(names, b"x"))).files == {}


@pytest.mark.parametrize("make", [zip_of, tar_of], ids=["zip", "tar"])
def test_what_one_learner_handed_in_harms_nobody_else_in_the_same_archive(make, monkeypatch):
    monkeypatch.setattr("checker.grading.archives.MOST_BYTES", 1000)
    stream = make({"ada/house.tf": b"x", "bob/provider": bytes(2000), "eve/../../etc/passwd": b"x"})

    assert top_names(stream) == ["ada/", "bob/", "eve/"]
    assert list(read_archive(stream, "ada/").files) == ["ada/house.tf"]
    for name, why in (("bob/", "larger than"), ("eve/", "leads out")):
        with pytest.raises(Refused, match=why):
            read_archive(stream, name)
