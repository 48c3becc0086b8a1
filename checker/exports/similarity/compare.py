"""Compares submissions with each other: what the course hands out and what half the class writes does not count."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations
from pathlib import PurePosixPath

from checker.exports.similarity.fingerprints import all_grams, winnow
from checker.exports.similarity.normal_form import Word, terraform_words
from checker.exports.similarity.python_words import python_words

Files = Mapping[str, str]
"""The text of each file by its path in the submission."""

ENOUGH = 6
"""Fewer shared fingerprints are chance."""
COMMON_SHARE, COMMON_FROM = 0.3, 10
"""In a class of COMMON_FROM or more, what more than COMMON_SHARE of it wrote is nobody's own."""
READERS = {".tf": terraform_words, ".py": python_words}


@dataclass
class Prints:
    """The fingerprints of one submission: where each of them stands."""

    places: dict[int, list[tuple[str, int, int]]] = field(default_factory=lambda: defaultdict(list))


@dataclass(frozen=True)
class Pair:
    """Two submissions, how much of the smaller one stands in the other too, and the lines that they share."""

    left: str
    right: str
    share: float
    shared: int
    left_lines: Mapping[str, frozenset[int]]
    right_lines: Mapping[str, frozenset[int]]


def words_of(path: str, text: str) -> list[list[Word]]:
    """The normal form of a file; of other languages nothing."""
    reader = next((reader for ending, reader in READERS.items() if path.endswith(ending)), None)
    return reader(text) if reader else []


def prints_of(files: Files, known: frozenset[int] = frozenset()) -> Prints:
    """The fingerprints of a submission without the `known` ones."""
    prints = Prints()
    for path, text in sorted(files.items()):
        for gram, first, last in _prints_of_file(PurePosixPath(path).suffix, text):
            if gram not in known:
                prints.places[gram].append((path, first, last))
    return prints


@lru_cache(maxsize=4096)
def _prints_of_file(ending: str, text: str) -> tuple[tuple[int, int, int], ...]:
    """The fingerprints of a file with their lines; the course's own files, which all hand in, are read once."""
    blocks = words_of(f"x{ending}", text)
    return tuple((gram, *place) for block in blocks for gram, places in winnow(block).items() for place in places)


def known_grams(handed_out: Iterable[Files]) -> frozenset[int]:
    """Every run of words in the starter and the solutions."""
    texts = (item for files in handed_out for item in files.items())
    return frozenset(gram for path, text in texts for block in words_of(path, text) for gram, _ in all_grams(block))


def compare(submissions: Mapping[str, Files], handed_out: Sequence[Files] = ()) -> list[Pair]:
    """All pairs that share more than chance, the most similar first."""
    known = known_grams(handed_out)
    prints = {name: prints_of(files, known) for name, files in submissions.items()}
    owners: dict[int, list[str]] = defaultdict(list)
    for name, found in prints.items():
        for gram in found.places:
            owners[gram].append(name)
    if len(prints) >= COMMON_FROM:
        common = {gram for gram, names in owners.items() if len(names) > max(2, COMMON_SHARE * len(prints))}
        owners = {gram: names for gram, names in owners.items() if gram not in common}  # type: ignore[assignment]
    size = Counter(name for names in owners.values() for name in names)
    shared: dict[tuple[str, str], list[int]] = defaultdict(list)
    for gram, names in owners.items():
        for pair in combinations(sorted(names), 2):
            shared[pair].append(gram)
    pairs = [_pair(left, right, grams, size, prints) for (left, right), grams in shared.items() if len(grams) >= ENOUGH]
    return sorted(
        pairs, key=lambda pair: (-pair.share * min(1.0, pair.shared / 30), -pair.shared, pair.left, pair.right)
    )


def _pair(left: str, right: str, grams: Sequence[int], size: Mapping[str, int], prints: Mapping[str, Prints]) -> Pair:
    lines = [_lines(prints[name], grams) for name in (left, right)]
    return Pair(left, right, len(grams) / min(size[left], size[right]), len(grams), lines[0], lines[1])


def _lines(prints: Prints, grams: Sequence[int]) -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for path, first, last in (place for gram in grams for place in prints.places[gram]):
        found[path].update((first, last) if last - first > 40 else range(first, last + 1))
    return {path: frozenset(numbers) for path, numbers in found.items()}
