"""The files of messages and translations, in gettext's PO format, which translators' programs know. A message is one line.

https://www.gnu.org/software/gettext/manual/html_node/PO-Files.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from checker.errors import LabError
from checker.language.translator import PLACE

FOLDER = Path(__file__).parent
TEMPLATE = FOLDER / "messages.pot"
HEADER = """# What learners read of the lab kit{what}
# python -m checker.language brings this file up to date with the source; see doc/translate.md.
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"{language}
"""


@dataclass(frozen=True)
class Entry:
    """A message, its translation (empty: none yet), the files that say it, what stands at its places."""

    message: str
    translation: str = ""
    files: tuple[str, ...] = ()
    places: tuple[str, ...] = ()

    @property
    def is_the_clouds(self) -> bool:
        """Do only the local cloud's files say it? Its words may change without anybody asking the checker."""
        return bool(self.files) and all(file.startswith("labcloud/") for file in self.files)


def languages() -> list[str]:
    """The languages that have a file."""
    return sorted(file.stem for file in FOLDER.glob("*.po"))


def read_catalogue(language: str) -> list[Entry]:
    """The entries of a language's file."""
    return parse_catalogue((FOLDER / f"{language}.po").read_text(encoding="utf-8"), f"{language}.po")


def parse_catalogue(text: str, name: str) -> list[Entry]:
    """Reads a PO file. Texts may go over several quoted lines, as programs write them; plurals and contexts are not known."""
    entries = []
    for block in re.split(r"\n\s*\n", text):
        fields = {"msgid": "", "msgstr": ""}
        current = ""
        for line in block.splitlines():
            if line.startswith("#") or not line.strip():
                continue
            keyword, quoted = re.fullmatch(r"(\w*)\s*(\".*\")\s*", line).groups() if '"' in line else (line, "")  # type: ignore[union-attr]
            current = keyword or current
            if current not in fields or not quoted:
                raise LabError(f"checker/language/{name} cannot be read at: {line}", next_step="correct this line")
            fields[current] += json.loads(quoted)
        if fields["msgid"]:
            files = tuple(re.findall(r"^#: (.*)$", block, re.MULTILINE))
            entries.append(Entry(fields["msgid"], fields["msgstr"], files))
    return entries


def render_catalogue(entries: Iterable[Entry], language: str = "") -> str:
    """The text of a PO file; of the template if no language is named."""
    what = f": translations into {language}" if language else ""
    blocks = [HEADER.format(what=what, language=f'\n"Language: {language}\\n"' if language else "")]
    for entry in entries:
        lines = [f"#. {place}" for place in entry.places] + [f"#: {file}" for file in entry.files]
        blocks.append("\n".join([*lines, f"msgid {_quoted(entry.message)}", f"msgstr {_quoted(entry.translation)}\n"]))
    return "\n".join(blocks)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def merged(messages: Iterable[Entry], translated: Iterable[Entry]) -> list[Entry]:
    """The messages of the source with the translations that there are; a translation whose message is gone is dropped."""
    known = {entry.message: entry.translation for entry in translated}
    return [replace(entry, translation=known.get(entry.message, "")) for entry in messages]


def problems_of_places(entries: Iterable[Entry]) -> list[str]:
    """The translations that have other places than their message: a value would be lost or invented."""
    return [
        f"{entry.translation!r} must have the places of {entry.message!r}"
        for entry in entries
        if entry.translation and set(PLACE.findall(entry.translation)) != set(PLACE.findall(entry.message))
    ]
