"""Texts with places that vary from run to run, `item {uuid}`: comparing them strictly, and making them. Pure."""

from __future__ import annotations

import difflib
import re

KINDS = {
    "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "client": r"lab-check-[0-9a-f]{12}",
    "sha256": r"[A-Za-z0-9+/]{43}=",
    "hex": r"\b[0-9a-f]{64}\b",
    "time": r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)?",
    "port": r"(?<=:)\d{4,5}\b",
    "workspace": r"/[\w./-]*?/lab-proof-\w+/[\w-]+/workspace",
    "elapsed": r"(?<=\bDuration: )\d+(?:\.\d+)? ms\b",
    "seconds": r"(?<= in )\d+\.\d\ds\b",
    "mark": r"(?<=_of_a_neighbour_)[0-9a-f]{8}\b|(?<=/somebody_else_)[0-9a-f]{8}\b",
    "commit": r"(?<=\bin commit )[0-9a-f]{7,12}\b",
}
"""What may stand at a place; nothing else in a template is special."""

_PLACE = re.compile(r"\{(" + "|".join(KINDS) + r")\}")


def matches(template: str, text: str) -> bool:
    """Is `text` what the template says, at every other place to the letter?"""
    pieces = _PLACE.split(template)
    pattern = "".join(
        f"(?:{KINDS[piece]})" if position % 2 else re.escape(piece) for position, piece in enumerate(pieces)
    )
    return re.fullmatch(pattern, text, re.DOTALL) is not None


def make_template(text: str) -> str:
    """The text with every place that varies named by its kind."""
    for kind, pattern in KINDS.items():
        text = re.sub(pattern, "{" + kind + "}", text)
    return text


def difference(template: str, text: str, what: str) -> list[str]:
    """The lines in which a text differs from its template, as a diff; empty if it matches."""
    if matches(template, text):
        return []
    wanted, found = template.splitlines(), make_template(text).splitlines()
    lines = difflib.unified_diff(wanted, found, f"{what}, as expect.toml has it", f"{what}, as it came", lineterm="")
    return list(lines) or [f"{what}: differs in white space or at a place of {{…}}: {text!r}"]
