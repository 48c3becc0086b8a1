"""The desk: the outer box in which a submission's judge and cloud work. Pure: command lines only.

The judge follows paths that a learner's programs may have changed meanwhile; so it, too, sees nothing but the kit and this
submission. When the instructor is root, a program of nobody's user makes the desk: limits on processes do not bind root.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from checker.curriculum.parts import ROOT
from checker.isolation.box import SCRATCH_MB, memory_folder, namespaces, python_folders, system_mounts

PLACE = Path("/lab")
"""The one folder of a desk that can be written, in memory, of limited size."""
PLUGINS = Path("/plugins")
KIT_FOLDERS = ("checker", "labcloud", "parts", "starter")
FIRST_USER = 64_000


@dataclass(frozen=True)
class Desk:
    """What the judge sees. `plugins` are Terraform providers with their places in a mirror, `tools` are programs outside /usr."""

    size_mb: int = 768
    plugins: tuple[tuple[str, Path], ...] = ()
    tools: tuple[Path, ...] = ()

    def sources(self) -> list[Path]:
        """Everything outside the system's folders that must be readable."""
        kit = [ROOT / name for name in KIT_FOLDERS]
        return [*kit, *python_folders(), *self.tools]


def desk_command(desk: Desk, bwrap: str, command: Sequence[str]) -> list[str]:
    """The command line that runs `command` at the desk, in PLACE, as an ordinary user."""
    words = [bwrap, *namespaces(nested=True), *system_mounts()]
    words += [*memory_folder(Path("/tmp"), SCRATCH_MB), *memory_folder(PLACE, desk.size_mb)]
    for source, target in [*((s, s) for s in desk.sources()), *((s, PLUGINS / to) for to, s in desk.plugins)]:
        words += ["--ro-bind", str(source), str(target)]
    return [*words, "--remount-ro", "/", "--chdir", str(PLACE), "--", *command]


def as_nobody(command: Sequence[str], bwrap: str, slot: int, sources: Iterable[Path]) -> list[str]:
    """Root's way: opens the folders that only root may pass, then becomes a user that owns nothing, one for each slot."""
    user = str(FIRST_USER + slot)
    words = [bwrap, "--dev-bind", "/", "/"]
    closed: dict[Path, list[Path]] = {}
    for source in sources:
        if (top := closed_ancestor(source)) is not None:
            closed.setdefault(top, []).append(source)
    for top, inner in closed.items():
        words += ["--tmpfs", str(top)]
        for source in inner:
            between = [folder for folder in reversed(source.parents) if top in folder.parents]
            words += [word for folder in between for word in ("--perms", "0755", "--dir", str(folder))]
            words += ["--ro-bind", str(source), str(source)]
    words += ["--die-with-parent", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"]
    words += ["--", "setpriv", "--reuid", user, "--regid", user, "--clear-groups", "--bounding-set=-all"]
    return [*words, "--inh-caps=-all", "--no-new-privs", *command]


def closed_ancestor(place: Path) -> Path | None:
    """The topmost folder above `place` that others may not pass; None if there is none."""
    for folder in reversed(place.parents):
        if not os.stat(folder).st_mode & stat.S_IXOTH:
            return folder
    return None
