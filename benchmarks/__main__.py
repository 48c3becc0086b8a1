"""`python -m benchmarks [NAMES] [--quick] [--write-doc]`."""

from __future__ import annotations

import argparse
import importlib
import json

from benchmarks.cases import ALL
from benchmarks.measurement import QUICK, USUAL, Scale
from benchmarks.report import Outcome, as_json, page, render
from benchmarks.systems import ROOT


def measure(name: str, scale: Scale) -> Outcome:
    """Runs one benchmark."""
    case = importlib.import_module(f"benchmarks.cases.{name}")
    return Outcome(case.TITLE, " ".join(case.__doc__.split()), case.run(scale), case.GOALS)


def main() -> None:
    options = _parse()
    scale = QUICK if options.quick else USUAL
    outcomes = []
    for name in options.names or ALL:
        outcomes.append(measure(name, scale))
        print(render(outcomes[-1:]), flush=True)
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build" / "benchmarks.json").write_text(json.dumps(as_json(outcomes, scale), indent=2, ensure_ascii=False))
    if options.write_doc:
        (ROOT / "doc" / "benchmarks.md").write_text(page(outcomes, scale))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measures; prints and keeps the table.")
    parser.add_argument("names", nargs="*", choices=[*ALL, []], help=f"some of: {', '.join(ALL)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it work at all?")
    parser.add_argument("--write-doc", action="store_true", help="rewrite doc/benchmarks.md (needs all benchmarks)")
    options = parser.parse_args()
    if options.write_doc and (options.names or options.quick):
        parser.error("--write-doc needs all benchmarks at their usual size")
    return options


if __name__ == "__main__":
    main()
