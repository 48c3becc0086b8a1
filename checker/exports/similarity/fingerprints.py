"""Winnowed fingerprints of streams of words: any shared run of SIZE + WINDOW − 1 words is found.

After S. Schleimer, D. Wilkerson, A. Aiken: Winnowing: Local Algorithms for Document Fingerprinting, SIGMOD 2003.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from checker.exports.similarity.normal_form import Word

SIZE, WINDOW = 9, 5


def all_grams(words: Sequence[Word]) -> Iterator[tuple[int, tuple[int, int]]]:
    """Every run of SIZE words as a number, with its first and last line."""
    texts = [word.text.encode("utf-8", "replace") for word in words]
    for at in range(len(words) - SIZE + 1):
        digest = hashlib.blake2b(b"\0".join(texts[at : at + SIZE]), digest_size=8).digest()
        lines = [word.line for word in words[at : at + SIZE]]
        yield int.from_bytes(digest, "big"), (min(lines), max(lines))


def winnow(words: Sequence[Word]) -> dict[int, list[tuple[int, int]]]:
    """The smallest number of every window of WINDOW runs, with the lines from which it came."""
    grams = list(all_grams(words))
    chosen: dict[int, list[tuple[int, int]]] = {}
    last = -1
    for begin in range(max(1, len(grams) - WINDOW + 1) if grams else 0):
        window = range(begin, min(begin + WINDOW, len(grams)))
        smallest = min(window, key=lambda at: (grams[at][0], -at))
        if smallest != last:
            chosen.setdefault(grams[smallest][0], []).append(grams[smallest][1])
            last = smallest
    return chosen
