"""Whether the files of messages are those of the source, and how they would be."""

from __future__ import annotations

from pathlib import Path

from checker.curriculum.parts import ROOT
from checker.language.catalogue import (
    FOLDER,
    TEMPLATE,
    languages,
    merged,
    parse_catalogue,
    problems_of_places,
    read_catalogue,
    render_catalogue,
)
from checker.language.extract import read_messages


def up_to_date() -> dict[Path, str]:
    """The text that each file must have."""
    messages = read_messages()
    texts = {TEMPLATE: render_catalogue(messages)}
    for language in languages():
        texts[FOLDER / f"{language}.po"] = render_catalogue(merged(messages, read_catalogue(language)), language)
    return texts


def problems_of_languages() -> list[str]:
    """The files that are stale, and translations that do not fit their message."""
    wanted = [entry.message for entry in read_messages() if not entry.is_the_clouds]
    problems = [
        f"{file.relative_to(ROOT)} is stale: python -m checker.language brings it up to date"
        for file in (TEMPLATE, *(FOLDER / f"{language}.po" for language in languages()))
        if [each.message for each in parse_catalogue(_read(file), file.name) if not each.is_the_clouds] != wanted
    ]
    for language in languages():
        problems += [f"checker/language/{language}.po: {line}" for line in problems_of_places(read_catalogue(language))]
    return problems


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""
