"""One line of `lab doctor`."""

from __future__ import annotations

from dataclasses import dataclass

from checker.language import tr


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for. `needed_for` says what does not work without it."""

    name: str
    found: str
    good: bool
    needed: bool
    remedy: str = ""

    def render(self) -> str:
        word = tr("ok" if self.good else "MISSING" if self.needed else "note")
        remedy = f"\n{'':30}{tr(self.remedy)}" if not self.good and self.remedy else ""
        return f"{word:<8} {tr(self.name):<20} {tr(self.found)}{remedy}"
