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
from labcloud.awslambda.package import check_package, make_read_only, remove_tree, unpack
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
    with pytest.raises(InvalidParameterValue) as refused:
        check_package(zip_of({"a.py": "x"}), already_unzipped=262_143_999)
    assert refused.value.message == "Unzipped size must be smaller than 262144000 bytes"


def test_a_size_that_the_package_lies_about_is_not_believed(tmp_path: Path) -> None:
    package = bytearray(zip_with((entry("a.bin"), b"0" * 100_000)))
    directory = package.rindex(b"PK\x01\x02")
    package[directory + 24 : directory + 28] = (10).to_bytes(4, "little")
    with pytest.raises(InvalidParameterValue, match="Could not unzip uploaded file"):
        unpack(bytes(package), tmp_path / "task")


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
