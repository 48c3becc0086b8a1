"""`lab grade`: grades the submissions of a class, each in isolation; `lab grade diff` compares versions of the grades."""

from __future__ import annotations

import contextlib
import difflib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from checker.cli.options import say
from checker.curriculum.parts import ROOT
from checker.errors import LabError, UsageProblem
from checker.grading.adjustments import read_adjustments
from checker.grading.attendant import Quota
from checker.grading.choice import STRATEGIES, choose_isolation
from checker.grading.course import CourseRules, read_course
from checker.grading.house_life import MINUTES
from checker.grading.intake import find_sources, is_archive, only_these, passed_over
from checker.grading.kit import kit_hash
from checker.grading.notices import gone_attempts, notices_of, others_graded
from checker.grading.progress import Progress
from checker.grading.run import Grader, Plan
from checker.grading.shards import of_shard, parse_shard
from checker.grading.station import make_station
from checker.grading.store import Grades
from checker.grading.table import render_table
from checker.isolation.cgroups import SETTING as CGROUP
from checker.isolation.cgroups import ready_groups
from checker.isolation.scope import enter_scope
from checker.terraform_install import ensure_terraform

if TYPE_CHECKING:
    from checker.grading.cluster import ClusterJudges
    from checker.isolation.engine import Engine

MEMORY_OF_A_JOB_MB = 1200


class GradeOrDiff(click.Group):
    """`lab grade diff …` compares; anything else names submissions."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            meant = difflib.get_close_matches(args[0], self.commands, n=1)
            if meant and "--out" not in args and not Path(args[0]).exists():
                ctx.fail(f"There is no command {args[0]!r}. Did you mean {meant[0]!r}?")
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=GradeOrDiff, subcommand_metavar="SUBMISSIONS --out GRADES | diff | merge | worker | scheduler | autograder"
)
def grade() -> None:
    """Grade the submissions of a class: `lab grade SUBMISSIONS --out GRADES`.

    SUBMISSIONS is a folder with a folder, zip, tar or Git repository for each learner, or the zip that Moodle makes.
    `lab grade run --help` lists the options, `lab grade diff GRADES` shows who changed since the last grading.
    Several machines: `merge` joins what `--shard` divided; `scheduler` and `worker` make a cluster for `--scheduler`.
    Gradescope: `autograder` makes its package.
    """


@grade.command()
@click.argument("submissions", type=click.Path(path_type=Path))
@click.option(
    "--out", metavar="GRADES", required=True, type=click.Path(path_type=Path), help="The folder of the grades."
)
@click.option(
    "--jobs", "-j", type=click.IntRange(1, 256), help="How many at a time (default: what this machine can hold)."
)
@click.option("--only", metavar="ID", multiple=True, help="Only this learner; may be given several times.")
@click.option("--changed", is_flag=True, help="Only submissions that are new or changed, even if the checks changed.")
@click.option("--retry-broken", is_flag=True, help="Grade again what was broken through nobody's fault.")
@click.option("--again", is_flag=True, help="Grade again even if nothing changed.")
@click.option(
    "--isolation",
    type=click.Choice(STRATEGIES),
    default="auto",
    help="auto: bubblewrap, else a container of Podman or Docker; none runs strangers' programs as you.",
)
@click.option("--parts", metavar="1,2,…", help="Only these parts (default: those of the course).")
@click.option(
    "--course",
    "course_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="course.toml (default: GRADES/course.toml).",
)
@click.option(
    "--within",
    metavar="SECONDS",
    type=click.FloatRange(1, 86_400),
    default=900.0,
    help="The longest time for one submission.",
)
@click.option(
    "--house",
    metavar="MINUTES",
    type=click.IntRange(0, 240),
    default=MINUTES,
    show_default=True,
    help="How long the house lives for the picture on the learner's page; 0: not at all.",
)
@click.option("--shard", metavar="K/N", help="Only the K-th of N pieces of the class; lab grade merge joins them.")
@click.option("--scheduler", metavar="ADDRESS", help="Have them judged by the workers of this Dask scheduler.")
@click.pass_context
def run(context: click.Context, submissions: Path, out: Path, **options: Any) -> None:
    """Grade SUBMISSIONS into the folder GRADES."""
    grades, place = Grades(out.resolve()), submissions.resolve()
    grades.apart_from(place)
    rules = grades.rules_file(options["course_file"])
    course = read_course(rules)
    read_adjustments(grades.folder)
    if rules.is_file() and rules.parent != grades.folder:
        options["course_file"] = rules
        say(f"The rules are those of {rules}")
    enter_scope()
    isolation = choose_isolation(options["isolation"], containers=not options["scheduler"])
    if isolation.warning:
        say(isolation.warning)
    grades.prepare()
    if isolation.engine:
        context.exit(_in_container(isolation.engine, context.command, grades, course, place, options))
    terraform = ensure_terraform(say=say)
    station = make_station(isolation.bwrap, terraform, say)
    with grades.locked():
        quota = Quota(within_s=options["within"])
        plan = Plan(
            course.listed(options["parts"]), course.hidden_sources(), kit_hash(ROOT), quota,
            options["changed"], options["retry_broken"], options["again"], options["house"],
        )  # fmt: skip
        judges = _cluster(options["scheduler"], options["isolation"]) if options["scheduler"] else None
        jobs = options["jobs"] or (judges.places if judges else usual_jobs())
        grader = Grader(plan, grades, station, judges)
        sources = find_sources(place, grader.names_in(place) if is_archive(place) else None)
        others = others_graded(grades, {source.id for source in sources})
        sources = only_these(sources, options["only"]) if options["only"] else sources
        sources = of_shard(sources, parse_shard(options["shard"])) if options["shard"] else sources
        for line in [*(f"passed over, no submission: {line}" for line in passed_over(place)), *others]:
            say(line)
        grades.require_readable({source.id for source in sources})
        if options["course_file"]:
            grades.note_rules(rules)
        progress = Progress(len(sources))
        with _told_how_to_go_on(grades.folder):
            done = grader.grade(sources, jobs, progress.done)
        progress.end()
    click.echo(render_table(grades, course, [each.source.id for each in done]))
    for line in [*notices_of(grades, course), *gone_attempts(grades, course, [each.result for each in done])]:
        say(line)
    broken = sum(each.result["status"] == "broken" for each in done)
    if broken:
        say(f"{broken} broken through nobody's fault; when it is mended: the same command with --retry-broken")
    context.exit(3 if broken else 0)


@contextlib.contextmanager
def _told_how_to_go_on(folder: Path) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        say("What was graded is kept; the same command goes on.")
        raise
    except OSError as error:
        raise LabError(
            f"{error.filename or folder} cannot be written: {error.strerror}; what was graded before is kept",
            next_step="make room, then call lab grade again: it goes on",
        ) from error


def _in_container(
    engine: Engine, command: click.Command, grades: Grades, course: CourseRules, submissions: Path, options: Any
) -> int:
    """The same command inside; refuses, as this one would, a folder in which another grading works."""
    from checker.grading.contained import grade_in_container

    with grades.locked():
        find_sources(submissions, [])
    file, hidden = options["course_file"], course.hidden_folder
    rules = [place.resolve() for place in (file, hidden) if place and grades.folder not in place.resolve().parents]
    jobs = options["jobs"] or usual_jobs(engine.processors, engine.memory_mb)
    return grade_in_container(
        engine, command, options, submissions=submissions, out=grades.folder, rules=rules, jobs=jobs, say=say
    )


@grade.command()
@click.argument("grades", type=click.Path(path_type=Path))
@click.argument("froms", metavar="FROM…", nargs=-1, required=True, type=click.Path(path_type=Path))
def merge(grades: Path, froms: tuple[Path, ...]) -> None:
    """Bring grades from the folders FROM… together in GRADES; what is there already is not added twice."""
    from checker.grading.merge import left_behind
    from checker.grading.merge import merge as merge_grades

    into = Grades(grades.resolve())
    into.prepare()
    with into.locked():
        merged = merge_grades(into, froms)
        course = read_course(into.rules_file())
        click.echo(render_table(into, course))
    for line in [*notices_of(into, course), *left_behind(froms, into.folder)]:
        say(line)
    say(f"{merged.added} results added, {merged.known} were there already")


@grade.command(context_settings={"ignore_unknown_options": True})
@click.argument("address")
@click.option(
    "--jobs", "-j", type=click.IntRange(1, 256), help="How many at a time (default: what this machine holds)."
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def worker(context: click.Context, address: str, jobs: int | None, arguments: tuple[str, ...]) -> None:
    """Let this machine judge for the Dask scheduler at ADDRESS; further ARGUMENTS go to `dask worker`."""
    from checker.grading.cluster import require_scheduler

    require_scheduler(address)
    enter_scope()
    if groups := ready_groups():
        os.environ[CGROUP] = str(groups.folder)
    own = ["--nworkers", "1", "--nthreads", str(jobs or usual_jobs()), "--no-dashboard"]
    context.exit(_dask("worker", address, *own, *arguments))


@grade.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def scheduler(context: click.Context, arguments: tuple[str, ...]) -> None:
    """Start a Dask scheduler on this machine; ARGUMENTS go to `dask scheduler` (default: --host 127.0.0.1)."""
    context.exit(_dask("scheduler", "--no-dashboard", *(arguments or ("--host", "127.0.0.1"))))


def _dask(*arguments: str) -> int:
    """Dask's own command, with this kit on its path."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.call([str(_python_with_dask()), "-m", "dask", *arguments], env=environment)


def _python_with_dask() -> Path:
    from checker.bootstrap import ensure_environment

    return Path(sys.executable) if importlib.util.find_spec("distributed") else ensure_environment(["cluster"])


def _cluster(address: str, isolation: str) -> ClusterJudges:
    _python_with_dask()
    importlib.invalidate_caches()
    from checker.grading.cluster import ClusterJudges

    return ClusterJudges(address, isolation)


@grade.command()
@click.argument("file", metavar="ZIP", type=click.Path(path_type=Path))
@click.option(
    "--course",
    "course_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The rules; hidden checks go along.",
)
@click.option("--parts", metavar="1,2,…", help="Only these parts (default: those of the course).")
@click.option(
    "--isolation", type=click.Choice(STRATEGIES), default="auto", show_default=True,
    help="none where Gradescope's container allows no boxes: a submission could then write its own result.",
)  # fmt: skip
def autograder(file: Path, course_file: Path | None, parts: str | None, isolation: str) -> None:
    """Make ZIP, the package with which Gradescope grades each submission itself."""
    from checker.exports.autograder import Settings, render_package
    from checker.exports.write import write_file

    read_course(course_file or Path(), must_exist=bool(course_file)).listed(parts)
    write_file(file, render_package(Settings(course_file, parts or "", isolation)))
    click.echo(f"{file}: upload it in Gradescope under Configure Autograder")


@grade.command()
@click.argument("grades", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("versions", nargs=-1, type=int)
def diff(grades: Path, versions: tuple[int, ...]) -> None:
    """Show who changed between the last two versions, or between versions A and B."""
    from checker.grading.difference import compare, render_changes
    from checker.grading.table import scores_at

    if len(versions) not in (0, 2):
        raise click.UsageError("give two versions, or none for the last two")
    store = Grades(grades.resolve())
    if not store.ids():
        raise UsageProblem(f"{grades} holds no grades", next_step="lab grade SUBMISSIONS --out GRADES")
    known = [store.versions(learner) for learner in store.ids()]
    if versions and not any(set(versions) <= set(each) for each in known):
        raise UsageProblem(
            f"Nobody in {grades} has the versions {versions[0]} and {versions[1]}",
            next_step=f"look into {store.folder / 'results'}",
        )
    if not any(len(each) > 1 for each in known):
        click.echo("Nobody has two versions yet: there is nothing to compare.")
        return
    score = scores_at(store, read_course(store.rules_file()))
    before, after = versions or (None, None)
    click.echo(render_changes(compare(store, before, after, score), score))


def usual_jobs(processors: int = 0, memory_mb: int = 0) -> int:
    """Twice the processors, since Terraform waits a lot; fewer where memory does not reach. 0: as this machine has."""
    memory_mb = memory_mb or os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // (1024 * 1024)
    return max(1, min(2 * (processors or os.cpu_count() or 1), memory_mb // MEMORY_OF_A_JOB_MB - 1))
