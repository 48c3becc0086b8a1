"""Every benchmark works with tiny sizes (no times are asserted), and the table says what the figures say."""

from __future__ import annotations

import importlib
import os

import pytest

import benchmarks.systems as systems
from benchmarks.cases import ALL
from benchmarks.measurement import QUICK, US, Figure, Goal
from benchmarks.report import Outcome, as_json, from_json, page, render

SLOW = {name for name in ALL if name != "sql"}


@pytest.fixture
def no_downloads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Peers take part only if they are installed already."""
    made = systems.peers

    def peers() -> object:
        if not (systems.PEERS / "requirements.txt").exists():
            raise systems.Unavailable("not installed")
        return made()

    monkeypatch.setattr(systems, "peers", peers)
    monkeypatch.setattr("benchmarks.cases.sql.peers", peers)


@pytest.mark.parametrize("name", ALL)
def test_a_benchmark_gives_figures_of_the_cloud_and_of_every_goal(name: str, no_downloads: None) -> None:
    if name in SLOW and not os.environ.get("LAB_SLOW_TESTS"):
        pytest.skip("starts clouds and peers; set LAB_SLOW_TESTS=1")
    case = importlib.import_module(f"benchmarks.cases.{name}")
    figures = case.run(QUICK)
    ours = {figure.what: figure.value for figure in figures if figure.system == US}
    assert ours and all(value is not None for value in ours.values())
    assert {goal.what for goal in case.GOALS} <= set(ours)


FIGURES = [
    Figure("items", US, 900.0, "/s"),
    Figure("items", "peer", 100.0, "/s"),
    Figure("items", "absent", None, "/s", remark="not installed"),
    Figure("memory", US, 50.0, "MB", "less"),
    Figure("memory", "peer", 200.0, "MB", "less"),
]


@pytest.mark.parametrize(
    ("goal", "met"),
    [
        (Goal("items", "", peer="peer", factor=9), True),
        (Goal("items", "", peer="peer", factor=10), False),
        (Goal("items", "", peer="absent"), None),
        (Goal("items", "", value=900), True),
        (Goal("memory", "", value=49), False),
        (Goal("memory", "", peer="peer"), True),
        (Goal("nothing", "", value=1), None),
    ],
)
def test_a_goal_is_met_by_more_or_by_less(goal: Goal, met: bool | None) -> None:
    assert goal.met(FIGURES) is met


def test_the_table_says_who_is_better_by_how_much_and_which_goal_is_missed() -> None:
    text = render([Outcome("Items", "About items.", FIGURES, [Goal("items", "10 × peer's", peer="peer", factor=10)])])
    assert "| items | labcloud | 900/s |  | goal: 10 × peer's – **missed** |" in text
    assert "| items | peer | 100/s | 9 × as fast |  |" in text
    assert "| items | absent | – |  | not installed |" in text
    assert "| memory | peer | 200 MB | 4 × as cheap |  |" in text


def test_an_outcome_survives_its_file() -> None:
    outcome = Outcome("Items", "About items.", FIGURES, [Goal("items", "many", value=1)])
    assert from_json(as_json(outcome)) == outcome


def test_the_page_names_the_machine_but_no_host() -> None:
    text = page([Outcome("Items", "About items.", FIGURES, [])], QUICK)
    assert "cores" in text
    assert os.uname().nodename not in text.replace("localhost", "") or os.uname().nodename == "localhost"
    assert str(systems.ROOT) not in text
