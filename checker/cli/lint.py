"""`lab lint`: proves the curriculum and the checks, for those who work on the kit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import click

from checker.cli.options import say
from checker.curriculum.cases import Case
from checker.curriculum.parts import parts_named
from checker.errors import UsageProblem


@dataclass(frozen=True)
class Share:
    """The number-th of so many equal shares of the work."""

    number: int = 1
    of: int = 1

    def of_cases(self, cases: list[Case]) -> list[Case]:
        return cases[self.number - 1 :: self.of]


class ShareType(click.ParamType):
    """`2/4`: the second of four."""

    name = "share"

    def convert(self, value: Any, param: Any, ctx: Any) -> Share:
        if isinstance(value, Share):
            return value
        found = re.fullmatch(r"(\d+)/(\d+)", value)
        if not found or not 1 <= int(found[1]) <= int(found[2]):
            self.fail(f"{value!r} is no share; 2/4 is the second of four", param, ctx)
        return Share(int(found[1]), int(found[2]))


@click.command()
@click.option("--files-only", is_flag=True, help="Read the files; neither Terraform nor a cloud is started.")
@click.option("--mistakes", metavar="[PART]", is_flag=False, flag_value="all", help="Only the known mistakes, of PART.")
@click.option("--variants", metavar="[PART]", is_flag=False, flag_value="all", help="Only the right variants, of PART.")
@click.option("--solutions", metavar="[PART]", is_flag=False, flag_value="all", help="Only the solutions, of PART.")
@click.option("--named", default="", metavar="TEXT", help="Of these only those with TEXT in their name.")
@click.option("--jobs", default=2, show_default=True, help="How many mistakes and variants are tried at a time.")
@click.option(
    "--share", metavar="I/N", type=ShareType(), default=Share(), help="Only the I-th of N shares of all this."
)
@click.option("--repeat", default=1, metavar="N", help="Check each N times, in changing order: results must be equal.")
@click.option("--accept", is_flag=True, help="Write what the mistakes say now into their expect.toml. Read the diff!")
@click.pass_context
def lint(context: click.Context, files_only: bool, share: Share, **cases: Any) -> None:
    """Prove the curriculum: ids, points, hints, pages, TODOs; every state of the files is valid Terraform and Python;
    no check passes on the base of its part and all pass on its solution; every known mistake fails exactly its checks
    with its messages, and every right variant of a solution passes."""
    from checker.curriculum.lint import lint_curriculum
    from checker.curriculum.prove import prove_checks

    problems: list[str] = []
    if not any(cases[kind] for kind in ("mistakes", "variants", "solutions")) and share.number == 1:
        problems += lint_curriculum(with_terraform=not files_only, say=say)
        problems += [] if files_only else prove_checks(say)
    if not files_only:
        problems += _prove_cases(share, **cases)
    for problem in problems:
        click.echo(problem)
    click.echo(f"{len(problems)} problems." if problems else "The curriculum is in order.")
    context.exit(1 if problems else 0)


def _prove_cases(
    share: Share, mistakes: str | None, variants: str | None, solutions: str | None, named: str, **how: Any
) -> list[str]:
    """Tries the chosen mistakes and variants, all of them if none are chosen; prints the checker's own score."""
    from checker.curriculum.proof import find_cases, prove

    if not mistakes and not variants and not solutions:
        mistakes = variants = "all"
    chosen = find_cases(parts_named(solutions), mistakes=False, variants=False, solutions=True, name=named)
    chosen += find_cases(parts_named(mistakes), variants=False, name=named)
    chosen += find_cases(parts_named(variants), mistakes=False, name=named)
    if not chosen:
        raise UsageProblem("There is no such mistake or variant", next_step="ls parts/*/mistakes tests/variants/*")
    proof = prove(share.of_cases(chosen), say=say, **how)
    click.echo(proof.score)
    return proof.problems
