"""`python -m benchmarks [NAMES] [--quick] [--write-doc]`; what was measured is kept in build/benchmarks.json."""

from __future__ import annotations

import argparse
import importlib
import json
import sys

from benchmarks.cases import ALL
from benchmarks.measurement import QUICK, USUAL, Scale
from benchmarks.report import Outcome, as_json, from_json, page, render
from benchmarks.systems import ROOT

RESULTS = ROOT / "build" / "benchmarks.json"


def measure(name: str, scale: Scale) -> Outcome:
    """Runs one benchmark."""
    case = importlib.import_module(f"benchmarks.cases.{name}")
    return Outcome(case.TITLE, " ".join(case.__doc__.split()), case.run(scale), case.GOALS)


def main() -> None:
    options = _parse()
    scale = QUICK if options.quick else USUAL
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() and not options.quick else {}
    todo = [name for name in ALL if name not in kept] if options.write_doc else ALL
    for name in options.names or todo:
        outcome = measure(name, scale)
        print(render([outcome]), flush=True)
        kept[name] = as_json(outcome)
    if options.quick:
        return
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(kept, indent=2, ensure_ascii=False))
    if options.write_doc:
        if missing := [name for name in ALL if name not in kept]:
            sys.exit(f"Not measured yet: {', '.join(missing)}. Run `python -m benchmarks {' '.join(missing)}`.")
        outcomes = [from_json(kept[name]) for name in ALL]
        (ROOT / "doc" / "benchmarks.md").write_text(page(outcomes, scale))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measures; prints and keeps the table.")
    parser.add_argument("names", nargs="*", choices=[*ALL, []], help=f"some of: {', '.join(ALL)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it work at all?")
    parser.add_argument(
        "--write-doc",
        action="store_true",
        help="rewrite doc/benchmarks.md from what was measured; what is missing is measured",
    )
    options = parser.parse_args()
    if options.write_doc and options.quick:
        parser.error("--write-doc needs the usual sizes")
    return options


if __name__ == "__main__":
    main()
