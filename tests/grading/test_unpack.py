"""From any kind of submission to the plain files of its workspace."""

from __future__ import annotations

import io
import tarfile

import pytest

from checker.grading.archives import File, Refused, Tree, lay_out, read_archive
from checker.grading.intake import _add_folder
from checker.grading.unpack import fingerprint, unpack, write_tar
from tests.grading.conftest import git, tar_of, zip_of


def plain(tree: Tree) -> dict[str, bytes]:
    return {name: file.content for name, file in tree.files.items() if not name.startswith(".git/")}


def tree_of_folder(folder) -> Tree:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        _add_folder(archive, folder)
    return read_archive(stream)


def test_a_folder_around_the_workspace_is_taken_off(workspace_files):
    tree, _ = unpack(read_archive(zip_of({f"smart-house/{name}": c for name, c in workspace_files.items()})))

    assert plain(tree) == workspace_files


def test_an_archive_in_a_folder_is_unpacked_too(workspace_files):
    tree, _ = unpack(read_archive(zip_of({"work.tar.gz": tar_of(workspace_files).getvalue()})))

    assert plain(tree) == workspace_files


def test_without_a_workspace_it_is_refused():
    with pytest.raises(Refused, match="no folder terraform/"):
        unpack(read_archive(zip_of({"essay.txt": b"sorry"})))


def test_state_lock_notes_and_certificates_are_not_handed_in(workspace_files):
    more = [
        "terraform/terraform.tfstate",
        "terraform/.terraform.lock.hcl",
        ".lab/results.json",
        "certs/private_key.pem",
    ]

    tree, _ = unpack(read_archive(zip_of({**workspace_files, **dict.fromkeys(more, b"x")})))

    assert plain(tree) == workspace_files


def test_of_a_repository_the_latest_commit_counts_and_what_differs_is_told(workspace_files, repository):
    folder = repository(workspace_files)
    (folder / "terraform" / "iot.tf").write_bytes(b"# not committed\n")

    tree, found = unpack(tree_of_folder(folder))

    assert plain(tree) == workspace_files
    assert found["commit"] == git(folder, "rev-parse", "HEAD")
    assert found["notes"] == ["1 files differ from the latest commit, which is what is graded: terraform/iot.tf"]


def test_a_bare_repository_is_read(workspace_files, repository, tmp_path):
    git(tmp_path, "clone", "-q", "--bare", str(repository(workspace_files)), "bare.git")

    tree, _ = unpack(tree_of_folder(tmp_path / "bare.git"))

    assert plain(tree) == workspace_files


def test_a_project_export_of_gitlab_is_read(workspace_files, repository, tmp_path):
    git(repository(workspace_files), "bundle", "create", str(tmp_path / "project.bundle"), "--all")
    export = {
        "VERSION": b"0.2.4",
        "project.bundle": (tmp_path / "project.bundle").read_bytes(),
        "tree/project.json": b"{}",
    }

    tree, _ = unpack(read_archive(tar_of(export)))

    assert plain(tree) == workspace_files


def test_settings_and_hooks_of_a_repository_do_not_run_and_do_not_come_along(workspace_files, repository, tmp_path):
    folder, trap = repository(workspace_files), tmp_path / "trap"
    (folder / ".git" / "config").write_text(f'[core]\n\tfsmonitor = "touch {trap}"\n\tsshCommand = "touch {trap}"\n')
    hook = folder / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {trap}\n")
    hook.chmod(0o755)

    tree, _ = unpack(tree_of_folder(folder))

    assert not trap.exists()
    assert b"fsmonitor" not in tree.files[".git/config"].content
    assert not any(name.startswith(".git/hooks/") for name in tree.files)


def test_alternates_do_not_lead_to_objects_of_others(workspace_files, repository):
    folder = repository(workspace_files)
    (folder / ".git" / "objects" / "info").mkdir(exist_ok=True)
    (folder / ".git" / "objects" / "info" / "alternates").write_text("/srv/secret.git/objects\n")

    tree, _ = unpack(tree_of_folder(folder))

    assert not any("alternates" in name for name in tree.files)


def test_links_in_a_folder_are_not_followed(workspace_files, tmp_path):
    folder = tmp_path / "ada"
    (folder / "terraform").mkdir(parents=True)
    (folder / "terraform" / "iot.tf").write_bytes(b"x")
    (folder / "terraform" / "passwd").symlink_to("/etc/passwd")
    (folder / "home").symlink_to("/root")

    assert set(tree_of_folder(folder).files) == {"terraform/iot.tf"}


def test_the_hash_depends_on_contents_names_and_run_bits_only():
    one = {"a": File(b"1"), "b": File(b"2")}

    assert fingerprint(one, "") == fingerprint({"b": File(b"2"), "a": File(b"1"), ".git/index": File(b"x")}, "")
    assert (
        len({fingerprint(files, "") for files in (one, {"a": File(b"1", True), "b": File(b"2")}, {"a": File(b"1")})})
        == 3
    )


def test_the_tar_that_is_kept_is_always_the_same(workspace_files):
    def packed() -> bytes:
        stream = io.BytesIO()
        write_tar(unpack(read_archive(zip_of(workspace_files)))[0].files, stream)
        return stream.getvalue()

    assert packed() == packed()


def test_a_source_in_an_archive_of_several_is_one_folder_of_it(workspace_files):
    both = {f"{who}/{name}": content for who in ("ada", "bob") for name, content in workspace_files.items()}

    tree, _ = unpack(read_archive(zip_of(both)), "bob/")

    assert plain(tree) == workspace_files


def test_a_file_of_moodles_zip_without_folders_is_unpacked_too(workspace_files):
    begin = "Ada_7_assignsubmission_file_"
    stream = zip_of({f"{begin}house.zip": zip_of(workspace_files).getvalue(), f"{begin}report.pdf": b"%PDF"})

    tree, _ = unpack(read_archive(stream, begin), begin)

    assert plain(tree) == workspace_files


def test_several_archives_are_refused_by_name():
    inner = zip_of({"essay.txt": b"x"}).getvalue()

    with pytest.raises(Refused, match="it holds 2 archives and no workspace beside them: a.zip, b.zip"):
        unpack(read_archive(zip_of({"a.zip": inner, "b.zip": inner})))


def test_the_judge_lays_out_plain_files_with_their_run_bits_in_every_python_3_11(
    workspace_files, tmp_path, monkeypatch
):
    def no_filters(*arguments, **options):
        raise TypeError("extractall() got an unexpected keyword argument 'filter'")

    monkeypatch.setattr("tarfile.TarFile.extractall", no_filters)
    with open(tmp_path / "a.tar", "wb") as stream:
        write_tar({**{n: File(c) for n, c in workspace_files.items()}, "bin/run": File(b"x", True)}, stream)

    with open(tmp_path / "a.tar", "rb") as stream:
        lay_out(stream, tmp_path / "out")

    assert (tmp_path / "out" / "terraform" / "iot.tf").read_bytes() == workspace_files["terraform/iot.tf"]
    assert (tmp_path / "out" / "bin" / "run").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("name", ["../x", "/etc/x"])
def test_the_judge_lays_nothing_out_elsewhere(name, tmp_path):
    stream = tar_of({name: b"x"}, packed="")

    with pytest.raises(Refused, match="leads out"):
        lay_out(stream, tmp_path)


def test_settings_that_look_like_a_repository_but_are_none_do_not_come_along(workspace_files):
    """`git init` would take them over, and the checks' own git would run what they name."""
    planted = {
        ".git/config": b"[core]\n\tfsmonitor = touch evil\n",
        ".git/hooks/post-checkout": b"#!/bin/sh\n",
        "sub/.git/config": b"x",
    }

    tree, _ = unpack(read_archive(tar_of(workspace_files | planted)))

    assert [name for name in tree.files if ".git/" in name] == []


def test_a_file_that_leads_git_elsewhere_is_not_taken(workspace_files):
    """`gitdir: elsewhere`, with the settings in a third folder: no file of it looks like a repository's."""
    planted = {
        ".git": b"gitdir: g\n",
        "g/HEAD": b"ref: refs/heads/main\n",
        "g/commondir": b"../c\n",
        "c/config": b"[core]\n\tfsmonitor = touch evil\n",
        "c/objects/x": b"",
        "sub/.git": b"gitdir: ../g\n",
    }

    tree, _ = unpack(read_archive(tar_of(workspace_files | planted)))

    assert sorted(tree.files) == sorted([*workspace_files, "g/HEAD", "g/commondir", "c/config", "c/objects/x"])


@pytest.mark.parametrize("name", [".lab", "certs", "build", "terraform/terraform.tfstate"])
def test_a_file_in_the_place_of_a_folder_of_ours_is_not_taken(name, workspace_files):
    tree, _ = unpack(read_archive(tar_of(workspace_files | {name: b"x"})))

    assert sorted(tree.files) == sorted(workspace_files)
