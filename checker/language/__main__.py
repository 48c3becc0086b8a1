"""`python -m checker.language`: brings messages.pot and every language's file up to date with the source."""

from __future__ import annotations

from checker.language.catalogue import FOLDER, TEMPLATE, languages, read_catalogue
from checker.language.upkeep import up_to_date


def main() -> None:
    """Writes the files; new messages stand there without a translation."""
    for file, text in up_to_date().items():
        file.write_text(text, encoding="utf-8")
    for language in languages():
        entries = read_catalogue(language)
        print(
            f"{FOLDER / language}.po: {sum(bool(e.translation) for e in entries)} of {len(entries)} messages translated"
        )
    print(f"{TEMPLATE} is up to date")


if __name__ == "__main__":
    main()
