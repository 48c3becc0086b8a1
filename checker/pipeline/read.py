"""From the loaded file to a Pipeline: GitLab's own schema first, then what this runner obeys, notes or refuses."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from checker.pipeline.conditions import ConditionError, holds
from checker.pipeline.document import load
from checker.pipeline.globs import problem_of
from checker.pipeline.model import Artifacts, Job, Need, Pipeline, PipelineError, Problem, Rule
from checker.pipeline.only import as_rules, rules_of
from checker.pipeline.schema_words import in_words

GLOBAL = frozenset(
    {
        "default",
        "stages",
        "variables",
        "workflow",
        "image",
        "services",
        "cache",
        "before_script",
        "after_script",
        "spec",
    }
)
NOTED = frozenset({"image", "tags", "interruptible", "cache", "environment", "coverage", "resource_group", "inherit"})
"""Keywords without effect on one machine: the job's log says so where it matters."""
OBEYED = frozenset(
    [
        "script",
        "before_script",
        "after_script",
        "stage",
        "variables",
        "rules",
        "only",
        "except",
        "needs",
        "dependencies",
        "artifacts",
        "allow_failure",
        "when",
        "timeout",
        "retry",
    ]
)
DEFAULT_STAGES = ("build", "test", "deploy")
EDGES = (".pre", ".post")
MOST_JOBS = 200
"""Each needs a copy of the project; GitLab's administrators set such a limit, too."""
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|sec|seconds?|m|min|minutes?|h|hours?|hrs?|d|days?)?\b")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def validate(workspace: Path) -> list[Problem]:
    """What is wrong with the workspace's pipeline; empty: it is valid and this runner can run it."""
    try:
        read(workspace)
    except PipelineError as error:
        return error.problems
    return []


def read(workspace: Path) -> Pipeline:
    """Reads the workspace's pipeline. Raises PipelineError with every problem found."""
    document = load(workspace)
    problems = _schema_problems(document)
    if problems:
        raise PipelineError(problems)
    stages = (EDGES[0], *(s for s in document.get("stages", DEFAULT_STAGES) if s not in EDGES), EDGES[1])
    default = {**{k: document[k] for k in GLOBAL if k in document}, **document.get("default", {})}
    jobs: dict[str, Job] = {}
    for name, body in document.items():
        if name in GLOBAL or name.startswith(".") or not isinstance(body, dict):
            continue
        problems += _job_problems(name, body, stages)
        if not any(problem.job == name for problem in problems):
            jobs[name] = _job(name, body, default)
    if len(jobs) > MOST_JOBS:
        raise PipelineError([Problem(f"it has {len(jobs)} jobs; this machine's runner takes at most {MOST_JOBS}")])
    problems += _reference_problems(jobs)
    if not jobs and not problems:
        problems.append(Problem("the file holds no job"))
    if problems:
        raise PipelineError(problems)
    workflow = document.get("workflow", {}).get("rules")
    return Pipeline(stages, jobs, _variables(document.get("variables")), _rules(workflow), document)


@cache
def _jsonschema() -> Any:
    """The library, without a grammar of addresses (RFC 3987) that takes it a second to build and that no schema here asks for."""
    grammar = "rfc3987_syntax"
    missing = grammar not in sys.modules
    if missing:
        sys.modules[grammar] = None  # type: ignore[assignment]
    try:
        import jsonschema
    finally:
        if missing:
            del sys.modules[grammar]
    return jsonschema


@cache
def _schema() -> Mapping[str, Any]:
    """GitLab's JSON schema for CI files, as the package check-jsonschema ships it."""
    text = files("check_jsonschema").joinpath("builtin_schemas", "vendor", "gitlab-ci.json").read_text(encoding="utf-8")
    schema: Mapping[str, Any] = json.loads(text)
    return schema


def _schema_problems(document: Mapping[str, Any]) -> list[Problem]:
    jsonschema = _jsonschema()
    validator = jsonschema.Draft7Validator(_schema())
    problems = []
    for error in sorted(validator.iter_errors(document), key=lambda error: list(map(str, error.path))):
        best = jsonschema.exceptions.best_match([error])
        path = [str(step) for step in best.absolute_path]
        problems.append(_problem(path, in_words(best)))
    return problems


def _problem(path: list[str], text: str) -> Problem:
    """`job a: only: a list is expected here, not a text`; what stands at the top of the file is no job."""
    job = path[0] if path and path[0] not in GLOBAL else None
    where = " → ".join(path[1:] if job else path)
    return Problem(f"{where}: {text}" if where else text, job)


def _job_problems(name: str, body: Mapping[str, Any], stages: tuple[str, ...]) -> list[Problem]:
    problems = []
    if unknown := sorted(set(body) - OBEYED - NOTED):
        problems.append(Problem(f"this machine's runner does not do {', '.join(unknown)}", name))
    try:
        rules_of(body)
    except ValueError as error:
        problems.append(Problem(f"{error}; write rules: instead", name))
    if "script" not in body:
        problems.append(Problem("it has no script", name))
    handed_on = _artifacts(body.get("artifacts") or {})
    for pattern in (*handed_on.paths, *handed_on.exclude):
        problems += [Problem(f"artifacts: {text}", name)] if (text := problem_of(pattern)) else []
    stage = body.get("stage", "test")
    if stage not in stages:
        named = ", ".join(s for s in stages if s not in EDGES)
        problems.append(Problem(f"its stage {stage} is not among the stages ({named})", name))
    for rule in body.get("rules") or []:
        if isinstance(rule, dict):
            problems += [Problem(text, name) for text in _rule_problems(rule)]
    return problems


def _rule_problems(rule: Mapping[str, Any]) -> list[str]:
    problems = []
    if unserved := sorted(set(rule) - {"if", "exists", "when", "allow_failure", "variables"}):
        problems.append(f"rules: this machine's runner does not do {', '.join(unserved)}")
    if isinstance(rule.get("exists"), Mapping):
        problems.append("rules: this machine's runner takes exists: as a list of patterns")
    else:
        for pattern in _lines(rule.get("exists")):
            problems += [f"rules: exists: {text}"] if (text := problem_of(pattern)) else []
    if "if" in rule:
        try:
            holds(str(rule["if"]), {})
        except ConditionError as error:
            problems.append(f"rules: if: {error}")
    return problems


def _reference_problems(jobs: Mapping[str, Job]) -> list[Problem]:
    problems = []
    for job in jobs.values():
        for need in job.needs or ():
            if need.job not in jobs and not need.optional:
                problems.append(Problem(f"needs {need.job}: there is no such job", job.name))
        for name in job.dependencies or ():
            if name not in jobs:
                problems.append(Problem(f"dependencies {name}: there is no such job", job.name))
    if not problems and (circle := _circle(jobs)):
        problems.append(Problem(f"needs goes in a circle: {' → '.join(circle)}", circle[0]))
    return problems


def _circle(jobs: Mapping[str, Job]) -> list[str] | None:
    finished: set[str] = set()

    def visit(name: str, trail: list[str]) -> list[str] | None:
        if name in trail:
            return [*trail[trail.index(name) :], name]
        if name in finished or name not in jobs:
            return None
        for need in jobs[name].needs or ():
            if found := visit(need.job, [*trail, name]):
                return found
        finished.add(name)
        return None

    return next((circle for name in jobs if (circle := visit(name, []))), None)


def _job(name: str, body: Mapping[str, Any], default: Mapping[str, Any]) -> Job:
    def inherited(key: str) -> Any:
        return body[key] if key in body else default.get(key)

    image = inherited("image")
    return Job(
        name=name,
        stage=body.get("stage", "test"),
        script=_lines(body["script"]),
        before_script=_lines(inherited("before_script")),
        after_script=_lines(inherited("after_script")),
        variables=_variables(body.get("variables")),
        rules=as_rules(body) or _rules(body.get("rules")),
        needs=_needs(body.get("needs")),
        dependencies=tuple(body["dependencies"]) if "dependencies" in body else None,
        artifacts=_artifacts(inherited("artifacts") or {}),
        allow_failure=_allow_failure(body),
        when=body.get("when", "on_success"),
        timeout_s=_seconds(inherited("timeout")),
        retries=_retries(inherited("retry")),
        image=image.get("name") if isinstance(image, dict) else image,
    )


def _lines(script: Any) -> tuple[str, ...]:
    if script is None:
        return ()
    if isinstance(script, list):
        return tuple(line for entry in script for line in _lines(entry))
    return (str(script),)


def _variables(variables: Any) -> dict[str, str]:
    plain = {}
    for name, value in (variables or {}).items():
        value = value.get("value", "") if isinstance(value, dict) else value
        plain[str(name)] = str(value).lower() if isinstance(value, bool) else str(value)
    return plain


def _rules(rules: Any) -> tuple[Rule, ...] | None:
    if rules is None:
        return None
    return tuple(
        Rule(
            condition=str(rule["if"]) if "if" in rule else None,
            exists=_lines(rule.get("exists")),
            when=rule.get("when"),
            allow_failure=rule.get("allow_failure"),
            variables=_variables(rule.get("variables")),
        )
        for rule in rules
    )


def _needs(needs: Any) -> tuple[Need, ...] | None:
    if needs is None:
        return None
    entries = [{"job": need} if isinstance(need, str) else need for need in needs]
    return tuple(Need(n["job"], n.get("artifacts", True), n.get("optional", False)) for n in entries if "job" in n)


def _artifacts(artifacts: Mapping[str, Any]) -> Artifacts:
    return Artifacts(
        paths=_lines(artifacts.get("paths")),
        exclude=_lines(artifacts.get("exclude")),
        when=artifacts.get("when", "on_success"),
        untracked=bool(artifacts.get("untracked")),
    )


def _allow_failure(body: Mapping[str, Any]) -> bool | tuple[int, ...]:
    value = body.get("allow_failure", body.get("when") == "manual")
    if isinstance(value, dict):
        codes = value["exit_codes"]
        return tuple(codes) if isinstance(codes, list) else (codes,)
    return bool(value)


def _seconds(duration: Any) -> float:
    if duration is None:
        return 3600.0
    found = _DURATION.findall(str(duration))
    return sum(float(number) * _SECONDS[(unit or "s")[0]] for number, unit in found) or 3600.0


def _retries(retry: Any) -> int:
    return int(retry.get("max", 0)) if isinstance(retry, dict) else int(retry or 0)
