"""Texts of strangers, made harmless: no terminal sequences, no characters that reorder what is read, no endless length."""

from __future__ import annotations

import re
import unicodedata

MOST_CHARACTERS = 20_000
LOOKED_AT = 4
"""So many times the length that is kept."""
TERMINAL = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|.)?|\x9b[0-?]*[ -/]*[@-~]"
)
KEPT = "\n\t"


def harmless(text: object, most: int = MOST_CHARACTERS) -> str:
    """The text without control and format characters; cut, and it says so, if it is too long."""
    whole = str(text)
    looked_at = whole[: LOOKED_AT * most]  # a stranger's text may have megabytes, and each character costs
    plain = TERMINAL.sub("", looked_at.replace("\r\n", "\n"))
    plain = "".join(
        c if c in KEPT or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co") else "\ufffd" for c in plain
    )
    left = max(0, len(plain) - most) + len(whole) - len(looked_at)
    return plain if len(plain) <= most and whole == looked_at else f"{plain[:most]}\n... ({left} more characters)"
