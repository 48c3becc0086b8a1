"""What learners read, in their language: the English texts stay where they are made, and are replaced where they are shown.

Checks, verbs and commands say plain English sentences, which also stand in result files. `messages.pot` lists them, read
from the source (extract.py); `de.po` and its like hold the translations (catalogue.py). Where a text is shown, `tr` finds
the message that it was made from, and puts the values into the translation (translator.py). LAB_LANG chooses.
"""

from checker.language.choice import require_language, tr

__all__ = ["require_language", "tr"]
