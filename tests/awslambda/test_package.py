from __future__ import annotations

import contextlib
import io
import os
import random
import stat
import zipfile
from pathlib import Path

import pytest

from labcloud.awslambda.errors import InvalidParameterValue
from labcloud.awslambda.package import check_package, make_read_only, remove_tree, unpack, unpack_together
from tests.awslambda.conftest import zip_of


def entry(name: str, mode: int = 0) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = mode << 16
    return info


def zip_with(*entries: tuple[zipfile.ZipInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for info, content in entries:
            archive.writestr(info, content)
    return buffer.getvalue()


def zip_saying_size(package: bytes, size: int) -> bytes:
    """The same zip, whose last entry says that it unzips to so many bytes."""
    changed = bytearray(package)
    directory = changed.rindex(b"PK\x01\x02")
    changed[directory + 24 : directory + 28] = size.to_bytes(4, "little")
    return bytes(changed)


def link(name: str, points_to: str) -> tuple[zipfile.ZipInfo, bytes]:
    return entry(name, stat.S_IFLNK | 0o777), points_to.encode()


def test_files_folders_and_the_right_to_execute_are_unpacked(tmp_path: Path) -> None:
    package = zip_with((entry("bin/tool", stat.S_IFREG | 0o755), b"#!"), (entry("a.txt", stat.S_IFREG | 0o600), b"a"))
    unpack(package, tmp_path / "task")
    make_read_only(tmp_path / "task")
    assert os.stat(tmp_path / "task/bin/tool").st_mode & 0o777 == 0o555
    assert os.stat(tmp_path / "task/a.txt").st_mode & 0o777 == 0o444
    remove_tree(tmp_path / "task")
    assert not (tmp_path / "task").exists()


@pytest.mark.parametrize("name", ["../evil.py", "/etc/evil", "a/../../evil", "..\\evil", "C:\\evil"])
def test_an_entry_outside_of_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidParameterValue, match="entry outside of its folder"):
        unpack(zip_with((entry(name), b"")), tmp_path / "task")
    assert list(tmp_path.iterdir()) == []


def test_a_link_inside_is_kept(tmp_path: Path) -> None:
    unpack(zip_with((entry("lib/real.txt"), b"x"), link("lib/alias.txt", "real.txt")), tmp_path / "task")
    assert (tmp_path / "task/lib/alias.txt").read_text() == "x"


@pytest.mark.parametrize(
    "links",
    [
        pytest.param([("a", "/etc/passwd")], id="absolute"),
        pytest.param([("a", "../outside")], id="upwards"),
        pytest.param([("d/e", "../../outside")], id="upwards from a folder"),
        pytest.param([("a", "b/.."), ("b", ".")], id="through a later link"),
        pytest.param([("b", "."), ("a", "b/../outside")], id="through an earlier link"),
        pytest.param([("b", "c"), ("c", "."), ("a", "b/b/../x")], id="through a chain"),
    ],
)
def test_a_link_outside_is_refused(tmp_path: Path, links: list[tuple[str, str]]) -> None:
    with pytest.raises(InvalidParameterValue, match="link outside of its folder"):
        unpack(zip_with(*(link(*one) for one in links)), tmp_path / "task")


def test_a_file_is_never_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    package = zip_with(link("d", "../outside"), (entry("d/evil.py"), b"x"))
    with pytest.raises(InvalidParameterValue):
        unpack(package, tmp_path / "task")
    assert list((tmp_path / "outside").iterdir()) == []


def test_an_unzipped_size_at_the_limit_is_refused_with_awss_words() -> None:
    package = zip_saying_size(zip_with((entry("a.bin"), b"0" * 100)), 262_144_000)
    with pytest.raises(InvalidParameterValue) as refused:
        check_package(package)
    assert refused.value.message == "Unzipped size must be smaller than 262144000 bytes"


def test_code_and_layers_together_are_refused_with_awss_words() -> None:
    check_package(zip_of({"a.py": "xy"}), already_unzipped=262_143_998)
    with pytest.raises(InvalidParameterValue) as refused:
        check_package(zip_of({"a.py": "xy"}), already_unzipped=262_143_999)
    assert refused.value.message == (
        "Function code combined with layers exceeds the maximum allowed size of 262144000 bytes. "
        "The actual size is 262144001 bytes."
    )


def test_a_size_that_the_package_lies_about_is_not_believed(tmp_path: Path) -> None:
    package = zip_saying_size(zip_with((entry("a.bin"), b"0" * 100_000)), 10)
    for refusing in (check_package, lambda package: unpack(package, tmp_path / "task")):
        with pytest.raises(InvalidParameterValue, match="Could not unzip uploaded file"):
            refusing(package)


def test_layers_cannot_bend_each_others_links(tmp_path: Path) -> None:
    """Each of them leads nowhere outside; together they did, and the third one's file landed beside the folder."""
    first = [link("a", "b/b/b/../../.."), link("b2", "b/b/../..")]
    layers = [zip_with(*first), zip_with(link("b", ".")), zip_with((entry("c/evil"), b"x"))]
    for layer in layers:
        check_package(layer)
    with pytest.raises(InvalidParameterValue, match="link outside of its folder: 'a'"):
        unpack_together(layers, tmp_path / "opt")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([(entry("a"), b""), (entry("a/b"), b"")], id="file and folder"),
        pytest.param([link("a", "b"), (entry("a/c"), b""), (entry("b/d"), b"")], id="link and folder"),
        pytest.param([(entry("a/"), b""), (entry("a"), b"")], id="folder and file"),
    ],
)
def test_a_name_is_not_two_things(entries: list[tuple[zipfile.ZipInfo, bytes]]) -> None:
    with pytest.raises(InvalidParameterValue, match="has 'a' as a folder and as something else"):
        check_package(zip_with(*entries))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_files_with_the_same_name_the_last_one_counts(tmp_path: Path) -> None:
    package = zip_with(
        (entry("a.py"), b"1"), (entry("./a.py"), b"2"), link("l", "a.py"), (entry("l"), b"own"), (entry("b\\c"), b"3")
    )
    layer = zip_with((entry("a.py"), b"4"))
    unpack_together([package, layer], tmp_path / "opt")
    found = {path.name: path.read_text() for path in (tmp_path / "opt").rglob("*") if path.is_file()}
    assert found == {"a.py": "4", "l": "own", "c": "3"}
    assert not (tmp_path / "opt/l").is_symlink()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("n" * 256, "Could not unzip"), ("ä" * 128, "Could not unzip"), (".", "Could not unzip"), ("d/" * 101 + "f", "100 folders")],
)  # fmt: skip
def test_a_name_that_no_file_can_have_is_refused_when_it_is_uploaded(name: str, sentence: str) -> None:
    with pytest.raises(InvalidParameterValue, match=sentence):
        check_package(zip_with((entry(name), b"x")))


def test_the_deepest_package_can_be_removed_again(tmp_path: Path) -> None:
    unpack(zip_with((entry("d/" * 99 + "f"), b"x")), tmp_path / "task")
    make_read_only(tmp_path / "task")
    remove_tree(tmp_path / "task")
    assert not (tmp_path / "task").exists()


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_compression_that_may_ask_for_gigabytes_is_refused(method: int) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("a.py", "x")
    with pytest.raises(InvalidParameterValue, match="Could not unzip uploaded file"):
        check_package(buffer.getvalue())


def test_entries_that_share_their_bytes_are_refused() -> None:
    """A small archive of 65,000 entries over the same megabytes would be read for days."""
    package = zip_with((entry("a.bin"), os.urandom(1000)), (entry("b.bin"), b""))
    one = package.index(b"PK\x01\x02")
    two = package.index(b"PK\x01\x02", one + 1)
    shared = package[one:two].replace(b"a.bin", b"b.bin")
    end = bytearray(package[package.rindex(b"PK\x05\x06") :])
    end[12:16] = (2 * len(shared)).to_bytes(4, "little")
    with pytest.raises(InvalidParameterValue, match="Could not unzip uploaded file"):
        check_package(package[:two] + shared + bytes(end))


def test_links_that_lead_through_each_other_end(tmp_path: Path) -> None:
    chain = [link(f"l{number}", f"l{number - 1}") for number in range(1, 400)]
    unpack(zip_with((entry("l0"), b"x"), *chain, link("self", "self")), tmp_path / "task")
    assert (tmp_path / "task/l30").read_text() == "x"
    entangled = [link(f"l{number}", "/".join(["l0", ".."] * 150) + "/l0") for number in range(1, 8000)]
    with pytest.raises(InvalidParameterValue, match="links lead through more than"):
        check_package(zip_with((entry("l0/f"), b"x"), *entangled))


@pytest.mark.parametrize("package", [b"", b"not a zip", zip_of({"a.py": "x"})[:-10]], ids=["empty", "text", "cut"])
def test_what_is_no_zip_is_refused(package: bytes) -> None:
    with pytest.raises(InvalidParameterValue, match="Could not unzip uploaded file. Please check your file"):
        check_package(package)


def test_an_empty_zip_is_refused() -> None:
    with pytest.raises(InvalidParameterValue, match="non-empty zip"):
        check_package(zip_of({}))


def test_devices_are_refused() -> None:
    with pytest.raises(InvalidParameterValue, match="entry that is no file: 'disk'"):
        check_package(zip_with((entry("disk", stat.S_IFBLK | 0o666), b"")))


@pytest.mark.parametrize("seed", range(3))
def test_any_damaged_package_is_unpacked_inside_or_refused(tmp_path: Path, seed: int) -> None:
    whole = zip_with((entry("a.py"), b"def handle(e, c): pass\n" * 50), (entry("d/b"), b"x" * 1000), link("l", "a.py"))
    chance, open_files = random.Random(seed), len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for _ in range(60):
        package = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            package[chance.randrange(len(package))] = chance.randrange(256)
        if chance.random() < 0.3:
            del package[chance.randrange(len(package)) :]
        with contextlib.suppress(InvalidParameterValue):
            unpack(bytes(package), tmp_path / "task")
        assert {path.name for path in tmp_path.iterdir()} <= {"task"}
        remove_tree(tmp_path / "task")
    if open_files:
        assert len(os.listdir("/proc/self/fd")) <= open_files + 1
