"""The `lab` command. Subcommands are imported only when they run, so that help is there at once."""

from __future__ import annotations

import copy
import importlib
import inspect
import signal
import sys

import click

from checker import __version__
from checker.errors import LabError
from checker.language import require_language, tr

COMMANDS = {
    "demo": ("demo", "Run the whole course on its solutions."),
    "test": ("kit", "Run the kit's own tests."),
    "doctor": ("doctor", "Say what is installed and what is missing."),
    "new": ("workspace", "Make a workspace from the starter."),
    "up": ("cloud", "Start the local cloud."),
    "down": ("cloud", "Stop the local cloud."),
    "logs": ("cloud", "Show the local cloud's log."),
    "trace": ("trace", "Show the way of messages through the cloud."),
    "reset-cloud": ("cloud", "Empty the local cloud."),
    "env": ("env", "Print the environment that points AWS tools to the target."),
    "apply": ("deploy", "Apply the workspace's Terraform files."),
    "destroy": ("deploy", "Destroy what Terraform made."),
    "simulate": ("simulate", "Run the house."),
    "check": ("check", "Check a part, or all of them."),
    "watch": ("watch", "Check at every save; the next thing to do stays in sight."),
    "status": ("learn", "Show points and progress."),
    "next": ("learn", "Say what to do next."),
    "hint": ("learn", "Show a hint; ask again for a stronger one."),
    "reset": ("rewind", "Begin a part, or everything, anew; your files are kept."),
    "catch-up": ("rewind", "Begin a later part from the solutions of the earlier."),
    "solution": ("learn", "Show a part's solution beside your files."),
    "report": ("report", "Write a class's grades as pages, tables for learning platforms, bundles."),
    "nbgrader": ("nbgrader", "Make and grade an nbgrader course of the parts' notebooks."),
    "lint": ("lint", "Prove the curriculum."),
    "grade": ("grade", "Grade the submissions of a class."),
    "cloud": ("kit", "Ask the local cloud about itself: sql-cases, coverage."),
}


class LazyCommands(click.Group):
    """Knows its subcommands' names and one-line helps; imports a subcommand when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"checker.cli.{COMMANDS[name][0]}")
        return in_readers_language(getattr(module, name.replace("-", "_")))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            meant = difflib.get_close_matches(args[0], COMMANDS, n=1)
            ctx.fail(f"There is no command {args[0]!r}." + (f" Did you mean {meant[0]!r}?" if meant else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, tr(help_text)) for name, (_, help_text) in COMMANDS.items()])


@click.group(
    cls=LazyCommands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 all passed, 1 checks failed, 2 usage, 3 the kit or the cloud is broken.",
)
@click.version_option(__version__, prog_name="lab")
def lab() -> None:
    """The IoT lab kit: build a smart house on AWS, on this machine or on the real one, and check it."""


def in_readers_language(command: click.Command) -> click.Command:
    """A command whose help is translated, a paragraph at a time."""
    shown = copy.copy(command)
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    shown.help = "\n\n".join(tr(" ".join(paragraph.split())) for paragraph in paragraphs)
    shown.epilog = tr(command.epilog) if command.epilog else None
    shown.params = [copy.copy(each) for each in command.params]
    for each in shown.params:
        if isinstance(each, click.Option) and each.help:
            each.help = tr(each.help)
    return shown


def main(arguments: list[str] | None = None) -> None:
    """Runs the `lab` command; expected errors become one message and the command contract's exit code."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="replace", line_buffering=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        require_language()
        code = in_readers_language(lab).main(args=arguments, prog_name="lab", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as problem:
        problem.message = tr(problem.message)  # type: ignore[misc]
        problem.show()
        sys.exit(2)
    except LabError as problem:
        from checker.grading.texts import harmless

        click.echo(harmless(tr(str(problem))), err=True)  # a message may name a stranger's folder or file
        sys.exit(problem.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("stopped", err=True)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:
        sys.exit(_report_bug(error))


def _report_bug(error: Exception) -> int:
    """A bug of the kit: one message, the trace in a file."""
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="lab-bug-", suffix=".txt", delete=False) as file:
        file.write("".join(traceback.format_exception(error)))
    click.echo(tr(f"A bug of the kit: {type(error).__name__}: {error}\n  next  report it with {file.name}"), err=True)
    return 3
