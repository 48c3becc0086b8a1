"""Makes one submission safe: reads it from a descriptor, writes a plain tar of its workspace, says what it found.

Runs as a process of its own, at a desk like a judge. Standard output is the tar; the last line of standard error is a JSON
object with `sha256`, `commit`, `left_out`, `notes`, or `refused` and the reason.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from checker.grading.archives import LEFT_BEHIND, File, Refused, Tree, read_archive, shown, top_names

NOT_HANDED_IN = re.compile(r"(?:^|/)(?:\.terraform\.lock\.hcl|[^/]*\.tfstate(?:\.[^/]*)?|terraform\.tfstate\.d/.*)$")
NOT_HANDED_IN_AT_TOP = {".lab", "certs", "build"}
ARCHIVE_NAME = re.compile(r"\.(?:zip|tar|tgz|tar\.(?:gz|bz2|xz))$", re.IGNORECASE)
GIT = ["git", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "safe.directory=*", "-c", "protocol.allow=never",
       "-c", "protocol.file.allow=always", "-c", "core.symlinks=false"]  # fmt: skip
GIT_WITHIN_S = 60.0


def unpack(tree: Tree, prefix: str = "") -> tuple[Tree, dict[str, Any]]:
    """The workspace's files in `tree`, and what there is to say about them; raises Refused."""
    if prefix:
        tree.files = below(tree.files, prefix)
    found: dict[str, Any] = {"notes": []}
    inner = [name for name in tree.files if ARCHIVE_NAME.search(name)]
    if inner and find_workspace(tree.files) is None and not _is_git(tree.files):
        if len(inner) > 1:
            raise Refused(
                f"it holds {len(inner)} archives and no workspace beside them: {', '.join(map(shown, inner[:5]))}"
            )
        return unpack(read_archive(io.BytesIO(tree.files[inner[0]].content)))
    if bundle := next((name for name in tree.files if name.split("/")[-1] == "project.bundle"), None):
        tree.files, found["commit"] = clone(bundle_files(tree.files[bundle].content))
    elif repository := repository_in(tree.files):
        before = without_git(tree.files)
        tree.files, found["commit"] = clone(repository)
        found["notes"] += uncommitted(before, tree.files)
    else:
        tree.files = without_git(tree.files)
    root = find_workspace(tree.files)
    if root is None:
        only = ", ".join(map(shown, list(tree.files)[:5])) or "nothing"
        raise Refused(f"it holds no folder terraform/ with .tf files: it is no workspace; it holds {only}")
    tree.files = below(tree.files, root)
    found["hints"] = hints_taken(tree.files.get(".lab/hints.json"))
    gone = [n for n in tree.files if n.partition("/")[0] in NOT_HANDED_IN_AT_TOP or NOT_HANDED_IN.search(n)]
    for name in gone:
        del tree.files[name]
    return tree, found


def hints_taken(note: File | None) -> dict[str, int]:
    """How many levels of hints the learner's own kit has noted, by step; a note that is none counts as no hints."""
    try:
        noted = json.loads(note.content) if note else {}
    except (ValueError, RecursionError):
        return {}
    entries = noted.items() if isinstance(noted, dict) else ()
    fits = (e for e in entries if re.fullmatch(r"\d+\.\d+", e[0]) and type(e[1]) is int and 0 <= e[1] <= 3)
    return dict(fits)


def find_workspace(files: dict[str, File]) -> str | None:
    """The shallowest folder with terraform/*.tf below it, as a prefix."""
    return min((_root_of(n) for n in files if _is_configuration(n)), key=lambda p: (p.count("/"), p), default=None)


def _is_configuration(name: str) -> bool:
    return bool(re.search(r"(?:^|/)terraform/[^/]+\.tf$", name)) and "/.git/" not in f"/{name}"


def _root_of(name: str) -> str:
    return name[: name.rindex("terraform/")]


def without_git(files: dict[str, File]) -> dict[str, File]:
    """The files outside of Git's folders. A file `.git` goes, too: it would lead Git to a folder with settings of its own."""
    return {name: file for name, file in files.items() if ".git" not in name.split("/")}


def below(files: dict[str, File], prefix: str) -> dict[str, File]:
    """The files below a prefix, without it."""
    return {name.removeprefix(prefix): file for name, file in files.items() if name.startswith(prefix)}


def _is_git(files: dict[str, File]) -> bool:
    return repository_in(files) is not None or any(name.split("/")[-1] == "project.bundle" for name in files)


def repository_in(files: dict[str, File]) -> dict[str, File] | None:
    """The harmless files of a Git repository, working or bare: its objects and references, no settings, no hooks."""
    heads = [name for name in files if name == "HEAD" or name.endswith("/HEAD")]
    for head in sorted(heads, key=lambda name: name.count("/")):
        prefix = head[: -len("HEAD")]
        inner = below(files, prefix)
        if any(name.startswith("objects/") for name in inner) and ("refs/" in "".join(inner) or "packed-refs" in inner):
            kept = (n for n in inner if n in ("HEAD", "packed-refs", "shallow") or n.startswith(("objects/", "refs/")))
            return {name: inner[name] for name in kept if not name.startswith("objects/info/")}
    return None


def bundle_files(content: bytes) -> dict[str, File]:
    return {"project.bundle": File(content)}


def clone(repository: dict[str, File]) -> tuple[dict[str, File], str]:
    """The files of the latest commit with a clean .git of the whole history, and the commit's id."""
    with tempfile.TemporaryDirectory() as temporary:
        source, copy = Path(temporary) / "source", Path(temporary) / "copy"
        _write(repository, source)
        if "project.bundle" in repository:
            source = source / "project.bundle"
        else:
            (source / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
            (source / "refs").mkdir(exist_ok=True)
        _git("clone", "--quiet", "--no-local", "--template=", str(source), str(copy))
        try:
            commit = _git("-C", str(copy), "rev-parse", "HEAD").strip()
        except Refused as error:
            raise Refused("its Git repository has no commit") from error
        (copy / ".git" / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = false\n")
        return _read_folder(copy), commit


def uncommitted(before: dict[str, File], committed: dict[str, File]) -> list[str]:
    """A note about files that lie beside the repository and differ from its latest commit."""
    plain = {name: file for name, file in committed.items() if not name.startswith(".git/")}
    root = next((prefix for prefix in {_top(n) for n in before} if f"{prefix}{next(iter(plain), '')}" in before), "")
    changed = [
        n for n, file in plain.items() if f"{root}{n}" in before and before[f"{root}{n}"].content != file.content
    ]
    if not changed:
        return []
    return [f"{len(changed)} files differ from the latest commit, which is what is graded: {', '.join(changed[:5])}"]


def _top(name: str) -> str:
    first, slash, _ = name.partition("/")
    return first + slash if slash else ""


def _write(files: dict[str, File], folder: Path) -> None:
    for name, file in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.content)


def _read_folder(folder: Path) -> dict[str, File]:
    found = {}
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in LEFT_BEHIND]
        for path in (Path(root) / name for name in names):
            if path.is_file() and not path.is_symlink():
                executable = bool(path.stat().st_mode & 0o100)
                found[path.relative_to(folder).as_posix()] = File(path.read_bytes(), executable)
    return found


def _git(*arguments: str) -> str:
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
    environment |= {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "GIT_CONFIG_GLOBAL": "/dev/null"}
    try:
        done = subprocess.run(
            [*GIT, *arguments], capture_output=True, stdin=subprocess.DEVNULL, env=environment, timeout=GIT_WITHIN_S
        )
    except subprocess.TimeoutExpired as error:
        raise Refused(f"git {arguments[0]} did not end within {GIT_WITHIN_S:.0f} s") from error
    if done.returncode:
        raise Refused(f"its Git repository cannot be read: {done.stderr.decode(errors='replace').strip()[-300:]}")
    return done.stdout.decode(errors="replace")


def fingerprint(files: dict[str, File], commit: str) -> str:
    """One hash of the workspace's files and the commit; how Git packed its objects does not count."""
    digest = hashlib.sha256(commit.encode())
    for name, file in sorted(files.items()):
        if not name.startswith(".git/"):
            digest.update(f"{name}\0{int(file.executable)}\0{hashlib.sha256(file.content).hexdigest()}\n".encode())
    return digest.hexdigest()


def write_tar(files: dict[str, File], stream: Any) -> None:
    """A tar that says nothing but names, contents and run bits."""
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for name, file in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(file.content), 0o755 if file.executable else 0o644
            archive.addfile(entry, io.BytesIO(file.content))


def main() -> None:
    """Unpacks what a descriptor holds; the arguments are its number and a folder in it, or `--list` for its folders only."""
    descriptor, prefix = int(sys.argv[1]), sys.argv[2]
    try:
        with os.fdopen(descriptor, "rb") as stream:
            if prefix == "--list":
                print(json.dumps(top_names(stream)))
                return
            tree = read_archive(stream, prefix)
        tree, found = unpack(tree, prefix)
        found |= {"sha256": fingerprint(tree.files, found.get("commit", "")), "left_out": tree.left_out}
        found |= {"files": sum(not name.startswith(".git/") for name in tree.files)}
        write_tar(tree.files, sys.stdout.buffer)
    except Refused as refusal:
        found = {"refused": str(refusal)}
    print(json.dumps(found), file=sys.stderr)
