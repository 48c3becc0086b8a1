"""Joins the state file with what is kept: moto's backends after each request, and whoever registers."""

from __future__ import annotations

import importlib.metadata
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labcloud.api import ApiRequest
from labcloud.motobase.state import MotoState
from labcloud.persistence.keeper import Keeper
from labcloud.persistence.log import Row
from labcloud.persistence.pickles import dumps, loads
from labcloud.persistence.statefile import REMEDY, StateError, StateFile

OWN = "own"


@dataclass(frozen=True)
class Part:
    """Something small that is kept whole: how it is read, how it is put back, and when it may have changed."""

    save: Callable[[], Any]
    load: Callable[[Any], None]
    is_there: Callable[[], bool]
    watched: bool
    service: str


class Persistence:
    """Open it first, `register` and `restore` before anybody may ask, `start`; `keeping` around each API request."""

    def __init__(self, directory: Path) -> None:
        versions = {name: importlib.metadata.version(name) for name in ("moto",)}
        self._file = StateFile(directory, versions)
        self._moto = MotoState()
        self._keeper = Keeper(self._file, self._suspects)
        self._parts: dict[str, Part] = {}
        self._sums: dict[str, int] = {}

    # -- whole parts

    def register(
        self,
        name: str,
        save: Callable[[], Any],
        load: Callable[[Any], None],
        is_there: Callable[[], bool] = lambda: True,
        *,
        service: str = "",
        watched: bool = False,
    ) -> None:
        """A part that is kept whole: saved after each request that changes its service (by default that of its name).

        A watched one is looked at many times a second besides. `load` is called by `restore`, if there is something;
        `save` only if the part `is_there`: one that nobody has used has no row.
        """
        self._parts[name] = Part(save, load, is_there, watched, service or name)

    def changed(self, name: str) -> None:
        """A part has changed; it is written with the next acknowledgement, or in a moment."""
        self._keeper.mark(OWN, name, lambda: dumps(self._parts[name].save()))

    def commit(self) -> None:
        """Makes everything that was marked so far safe."""
        self._keeper.commit()

    def commit_all(self) -> None:
        """Looks at everything that is watched, and makes it safe."""
        self._keeper.commit(self._suspects)

    # -- single rows

    def mark(self, space: str, key: str, read: Callable[[], bytes | None]) -> None:
        """A row has changed: `read` gives it when it is written; None: it is gone."""
        self._keeper.mark(space, key, read)

    def rows(self, space: str) -> list[tuple[str, Any]]:
        """(key, value) of the rows of a space, as `dumps` got them. Raises StateError."""
        with self._damage():
            return [(key, loads(value)) for key, value in self._file.read(space)]

    def _suspects(self) -> Iterator[Row]:
        yield from self._moto.suspects()
        for name, part in self._parts.items():
            if part.watched and part.is_there():
                try:
                    data = dumps(part.save())
                except RuntimeError:  # it was changed meanwhile: the next look will see it
                    continue
                total = zlib.crc32(data)
                if self._sums.get(name) != total:
                    self._sums[name] = total
                    yield OWN, name, data

    # -- life

    def restore(self) -> None:
        """Puts back what was kept. Raises StateError."""
        with self._damage():
            self._moto.install(self._keeper.mark)
            self._moto.load(self._file)
            for name, value in self._file.read(OWN):
                if name in self._parts:
                    self._parts[name].load(loads(value))

    def places(self, package: str) -> list[tuple[str, str]]:
        """Where one of moto's services has a state: (account, region)."""
        return self._moto.places(package)

    def start(self) -> None:
        """Begins to look for changes that nobody announces."""
        self._keeper.start()

    def close(self) -> None:
        """Writes the rest and lets go of the folder."""
        self._keeper.close()
        self._file.close()

    @contextmanager
    def keeping(self, request: ApiRequest, *, changes: bool) -> Iterator[None]:
        """Around the answering of a request: what it changed is safe when the block has ended."""
        if not changes:
            yield
            return
        with self._moto.noted() as looked_at:
            try:
                yield
            finally:
                for name, part in self._parts.items():
                    if part.service == request.service and part.is_there():
                        self.changed(name)
                self._keeper.commit(lambda: self._moto.rows_after(request, looked_at))

    @contextmanager
    def _damage(self) -> Iterator[None]:
        try:
            yield
        except StateError:
            raise
        except Exception as error:
            text = f"The state in {self._file.path} is damaged ({type(error).__name__}: {error}). {REMEDY}"
            raise StateError(text) from error
