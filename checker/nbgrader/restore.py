"""Puts a learner's notebook back into the shape in which it was released: every released cell once, in its place. Pure.

Editors drop nbgrader's marks, cells get lost, doubled or relabelled; nbgrader itself then stops with an error. Locked cells
come from the released notebook; answers are the learner's, wherever they can be recognised; own cells of the learner stay.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Cell = Mapping[str, Any]


def restored(submitted: Sequence[Cell], released: Sequence[Cell]) -> list[dict[str, Any]]:
    """The learner's notebook with all released cells, marked as they were released."""
    places = _recognise(submitted, released)
    owners = {at: name for name, at in places.items()}
    followers: dict[str, list[dict[str, Any]]] = {}
    last = ""
    for at, cell in enumerate(submitted):
        if at in owners:
            last = owners[at]
        else:
            followers.setdefault(last, []).append(_own(cell))
    found = followers.get("", [])
    for cell in released:
        name = name_of(cell)
        place = places.get(name) if name else None
        found.append(_released(cell, submitted[place] if place is not None else None))
        found += followers.get(name, []) if name else []
    return found


def name_of(cell: Cell) -> str:
    """nbgrader's name of a cell, if it has one."""
    about = cell["metadata"].get("nbgrader")
    return str(about.get("grade_id") or "") if isinstance(about, Mapping) else ""


def _recognise(submitted: Sequence[Cell], released: Sequence[Cell]) -> dict[str, int]:
    """Where each released cell stands: by its name, else by what cannot be a chance, the surest sign first."""
    places: dict[str, int] = {}
    for sign in (_has_name, _has_id, _has_text, _is_answer_below):
        for before, cell in zip([None, *released], released, strict=False):
            name = name_of(cell)
            if not name or name in places:
                continue
            free = (at for at in range(len(submitted)) if at not in places.values())
            same_kind = (at for at in free if submitted[at]["cell_type"] == cell["cell_type"])
            place = next((at for at in same_kind if sign(submitted, at, cell, places, before)), None)
            if place is not None:
                places[name] = place
    return places


def _has_name(submitted: Sequence[Cell], at: int, cell: Cell, *_: Any) -> bool:
    return name_of(submitted[at]) == name_of(cell)


def _has_id(submitted: Sequence[Cell], at: int, cell: Cell, *_: Any) -> bool:
    return submitted[at].get("id") == cell.get("id") is not None


def _has_text(submitted: Sequence[Cell], at: int, cell: Cell, *_: Any) -> bool:
    return _is_locked(cell) and _text(submitted[at]) == _text(cell)


def _is_answer_below(
    submitted: Sequence[Cell], at: int, cell: Cell, places: Mapping[str, int], before: Cell | None
) -> bool:
    """The cell below a question is its answer."""
    return not _is_locked(cell) and before is not None and places.get(name_of(before)) == at - 1


def _released(cell: Cell, learners: Cell | None) -> dict[str, Any]:
    """A released cell; an answer with what the learner wrote."""
    made: dict[str, Any] = copy.deepcopy(dict(cell))
    if learners is not None and not _is_locked(cell):
        made["source"] = learners["source"]
        if "attachments" in learners:
            made["attachments"] = copy.deepcopy(learners["attachments"])
    return made


def _own(cell: Cell) -> dict[str, Any]:
    """A cell of the learner's own, without marks that it does not deserve."""
    made: dict[str, Any] = copy.deepcopy(dict(cell))
    made["metadata"] = {key: value for key, value in made["metadata"].items() if key != "nbgrader"}
    return made


def _is_locked(cell: Cell) -> bool:
    return not cell["metadata"]["nbgrader"].get("solution")


def _text(cell: Cell) -> str:
    source = cell["source"]
    return " ".join(("".join(source) if isinstance(source, list) else str(source)).split())


def notebooks_cells(notebook: Any) -> Iterator[Cell]:
    """The cells of a notebook's JSON; raises ValueError if it is none of nbformat 4."""
    cells = notebook.get("cells") if isinstance(notebook, Mapping) else None
    if not isinstance(cells, list) or notebook.get("nbformat") != 4:
        raise ValueError("it is no notebook of format 4")
    for cell in cells:
        if not isinstance(cell, Mapping) or cell.get("cell_type") not in ("markdown", "code", "raw"):
            raise ValueError("one of its cells is none")
        if not isinstance(cell.get("metadata"), Mapping) or not isinstance(cell.get("source"), str | list):
            raise ValueError("one of its cells has no source or metadata")
        yield cell
