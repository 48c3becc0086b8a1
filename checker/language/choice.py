"""Which language is shown: LAB_LANG, for example de; without it, English."""

from __future__ import annotations

import os
from functools import lru_cache

from checker.errors import UsageProblem
from checker.language.catalogue import languages, read_catalogue
from checker.language.translator import Translator

SETTING = "LAB_LANG"
OWN = "en"


def require_language() -> None:
    """Raises UsageProblem if the setting names a language that the kit does not have."""
    language, known = os.environ.get(SETTING) or OWN, [OWN, *languages()]
    if language not in known:
        raise UsageProblem(
            f"{SETTING} is {language!r}, and the kit has no such language",
            next_step=f"export {SETTING} with one of {', '.join(known)}",
        )


def tr(text: str) -> str:
    """The text in the chosen language; what is not translated stays English."""
    language = os.environ.get(SETTING) or OWN
    return text if language == OWN else _translator(language)(text)


@lru_cache(maxsize=4)
def _translator(language: str) -> Translator:
    entries = read_catalogue(language) if language in languages() else []
    return Translator({entry.message: entry.translation for entry in entries if entry.translation})
