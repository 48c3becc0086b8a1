"""Asks before anything is changed on real AWS."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from checker.cli.options import say
from checker.cost import render_notice
from checker.curriculum.parts import Part
from checker.errors import UsageProblem
from checker.target import Target
from checker.verbs.aws import aws_answers

yes_option = click.option("--yes", "-y", is_flag=True, help="Do not ask before working on real AWS.")


def ask_before_aws(target: Target, parts: tuple[Part, ...], yes: bool, environ: Any = os.environ) -> None:
    """Shows what a run on real AWS costs and changes, and asks, unless `yes`. Other targets are no matter of asking."""
    if not target.is_aws:
        return
    with aws_answers():
        account = target.account
    prefix = environ.get("TF_VAR_prefix", "")
    say(render_notice(parts, account=account, region=target.region, target=target.name, prefix=prefix))
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageProblem("Nobody is there to ask", next_step="the same command with --yes, if that is what you want")
    if not click.confirm("Go on?", err=True):
        raise UsageProblem("Nothing was done", next_step="lab check works on the local cloud, without costs")
