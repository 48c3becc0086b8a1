"""The loop of `lab watch`: saves and keys in, rounds in a thread, views out. Waits in select, never spins."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol

from checker.curriculum.hints import read_hints
from checker.curriculum.next_step import next_step, todo_places
from checker.curriculum.parts import Part, find_part
from checker.curriculum.progress import hints_taken, take_hint
from checker.curriculum.workspace import Workspace
from checker.watch import words
from checker.watch.changes import changed_between, take_snapshot
from checker.watch.keys import Keys
from checker.watch.rounds import Round, Rounds
from checker.watch.view import NextThing, View

LOOK_EVERY_S = 0.25


class Display(Protocol):
    """Where views are shown."""

    def show(self, view: View) -> None: ...

    def redraw(self) -> None: ...


@dataclass
class Watch:
    """Watches one workspace. `wanted`: this part only; none: always the first that has not passed."""

    workspace: Workspace
    rounds: Rounds
    display: Display
    keys: Keys
    wanted: Part | None = None
    open_lesson: Callable[[Part], str] = lambda part: ""
    now: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _worker: threading.Thread | None = field(default=None, repr=False)
    _broke: BaseException | None = field(default=None, repr=False)

    def run(self) -> None:
        """Until q."""
        self.view = View(self._part(), asked=words.STARTING)
        self.view = self.view.with_next(self._next())
        seen = take_snapshot(self.workspace.folder)
        self._begin(())
        pending: set[str] = set()
        with self.keys.listening():
            while True:
                with self._lock:
                    self.display.show(self.view)
                pressed = self.keys.wait(LOOK_EVERY_S)
                if "q" in pressed:
                    return self._finish()
                again = self._obey(pressed)
                now = take_snapshot(self.workspace.folder)
                pending.update(changed_between(seen, now))
                seen = now
                if self._broke is not None:
                    raise self._broke
                if (pending or again) and not self._is_running:
                    self._begin(sorted(pending))
                    pending.clear()

    @property
    def _is_running(self) -> bool:
        return self._worker is not None and self._worker.is_alive()

    def _begin(self, saved: Iterable[str]) -> None:
        begun = self.now()
        part = self._part()
        if part != self.view.part:
            self.view = replace(self.view, results=(), hint=None)
        self._change(lambda view: view.begin(part, tuple(saved)))
        self._worker = threading.Thread(target=self._round, args=(part, begun), name="round", daemon=True)
        self._worker.start()

    def _round(self, part: Part, begun: float) -> None:
        tell = Round(
            doing=lambda text: self._change(lambda view: replace(view, doing=text.removesuffix(" ..."))),
            result=lambda result: self._change(lambda view: view.with_result(result)),
            problem=lambda text: self._change(lambda view: replace(view, problem=text, results=())),
            notice=lambda text: self._change(lambda view: replace(view, notices=(*view.notices, text))),
        )
        try:
            self.rounds.run_round(part, tell)
        except BaseException as error:
            self._broke = error
        found = self._next()
        self._change(lambda view: replace(view.with_next(found), doing="", seconds=self.now() - begun))

    def _change(self, change: Callable[[View], View]) -> None:
        with self._lock:
            self.view = change(self.view)
        self.keys.wake()

    def _obey(self, pressed: str) -> bool:
        """Does what the keys ask for; true: a round is wanted."""
        if "h" in pressed:
            self._give_hint()
        if "o" in pressed:
            self._change(lambda view: replace(view, asked=self.open_lesson(view.part)))
            self.display.redraw()
        return "r" in pressed

    def _give_hint(self) -> None:
        step_id = self.view.focus.id if self.view.focus else self.view.next.step_id
        if not step_id:
            return self._change(lambda view: replace(view, asked=words.NO_STEP))
        hints = read_hints(find_part(step_id)).get(step_id, ())
        taken = hints_taken(self.workspace).get(step_id, 0)
        level = min(taken + 1, len(hints))
        if level == 0 or (taken >= len(hints) and self.view.hint == hints[-1]):
            return self._change(lambda view: replace(view, asked=words.NO_HINT))
        take_hint(self.workspace, step_id, max(taken, level))
        self._change(lambda view: replace(view, hint=hints[level - 1], hints_of_step=len(hints), asked=""))

    def _part(self) -> Part:
        found = next_step(self.workspace)
        return self.wanted or (found[0] if found else find_part(1))

    def _next(self) -> NextThing:
        """The first step of the part that has not passed, else of all parts."""
        part, found = self._part(), next_step(self.workspace)
        passed = {each.id for each in self.view.results if each.status == "passed"} if self.view.results else None
        own = next((step for step in part.steps if passed is not None and step.id not in passed), None)
        step = own or (found[1] if found else None)
        return NextThing(step.id, step.title, tuple(todo_places(self.workspace, step.id))) if step else NextThing()

    def _finish(self) -> None:
        if self._is_running and "terraform" in self.view.doing:
            self._change(lambda view: replace(view, asked=words.FINISHING))
            self.display.show(self.view)
            assert self._worker is not None
            self._worker.join()
