"""The pipeline runner does what GitLab does with the keywords it knows, and refuses the others by name."""

from __future__ import annotations

import subprocess

import pytest

from checker.pipeline import run_pipeline, validate
from checker.pipeline.conditions import ConditionError, holds
from checker.pipeline.model import PipelineError


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    subprocess.run(["git", "init", "-q", str(folder)], check=True)

    def write(ci: str, **files: str):
        (folder / ".gitlab-ci.yml").write_text(ci)
        for name, text in files.items():
            (folder / name.replace("__", ".")).write_text(text)
        return folder

    return write


def messages(folder):
    return [str(problem) for problem in validate(folder)]


def test_jobs_run_stage_by_stage_and_hand_on_only_declared_artifacts(project):
    folder = project("""
stages: [build, use]
make:
  stage: build
  script: [mkdir out, echo hello > out/a.txt, echo lost > lost.txt]
  artifacts: {paths: [out/]}
take:
  stage: use
  script: [cat out/a.txt, test ! -e lost.txt]
""")
    result = run_pipeline(folder, {})
    assert result.status == "success"
    assert result.job("make").artifacts == ("out/a.txt",)
    assert "hello" in result.job("take").log


def test_a_failing_job_stops_the_stages_after_it(project):
    folder = project("""
stages: [test, deploy]
unit: {stage: test, script: ["false", "echo never"]}
ship: {stage: deploy, script: [echo shipped]}
clean: {stage: deploy, when: always, script: [echo cleaned]}
""")
    result = run_pipeline(folder, {})
    assert result.status == "failed"
    assert [result.job(name).status for name in ("unit", "ship", "clean")] == ["failed", "skipped", "success"]
    assert "never" not in result.job("unit").log.replace("$ echo never", "")
    assert result.job("ship").reason == "unit did not succeed"


def test_an_artifact_path_that_the_script_does_not_make_is_said_in_the_log(project):
    folder = project("make: {script: [touch other.zip], artifacts: {paths: [build/x.zip]}}")
    result = run_pipeline(folder, {})
    assert result.job("make").artifacts == ()
    assert "build/x.zip: no matching files" in result.job("make").log


def test_artifact_paths_know_the_jobs_variables(project):
    folder = project("""
variables: {PACKAGE: build/x.zip}
make: {script: [mkdir build, touch build/x.zip y.zip], artifacts: {paths: [$PACKAGE, $CI_PROJECT_DIR/y.zip]}}
""")
    assert run_pipeline(folder, {}).job("make").artifacts == ("build/x.zip", "y.zip")


def test_needs_hands_on_only_the_needed_jobs_artifacts(project):
    folder = project("""
stages: [one, two]
a: {stage: one, script: [touch a], artifacts: {paths: [a]}}
b: {stage: one, script: [touch b], artifacts: {paths: [b]}}
c: {stage: two, needs: [a], script: [test -e a, test ! -e b]}
""")
    assert run_pipeline(folder, {}).status == "success"


def test_the_projects_variables_beat_the_files_and_are_masked(project):
    folder = project("""
variables: {WHO: file}
show: {script: ['echo "$WHO and $SECRET_KEY"']}
""")
    result = run_pipeline(folder, {"WHO": "given", "SECRET_KEY": "very-secret-value"})
    assert "given and [MASKED]" in result.job("show").log


def test_the_hosts_environment_does_not_leak_into_jobs(project, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "leaked")
    folder = project("show: {script: [env]}")
    assert "leaked" not in run_pipeline(folder, {}).job("show").log


def test_a_tool_is_there_only_after_the_job_has_installed_it(project):
    folder = project("""
stages: [one, two]
without: {stage: one, script: [pytest --version], allow_failure: true}
with: {stage: two, before_script: [pip install pytest], script: [pytest --version, "python -c 'import pytest'"]}
""")
    result = run_pipeline(folder, {})
    assert result.job("without").status == "failed"
    assert "pytest: command not found" in result.job("without").log
    assert result.job("with").status == "success", result.job("with").log


def test_what_git_ignores_is_not_in_the_jobs(project):
    folder = project("look: {script: [test ! -e secret.pem, test -e seen.txt]}", __gitignore="*.pem\n", seen__txt="x")
    (folder / "secret.pem").write_text("key")
    assert run_pipeline(folder, {}).status == "success"


def test_rules_decide_whether_a_job_is_added(project):
    folder = project("""
always: {script: [echo a]}
main_only: {script: [echo m], rules: [{if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH}]}
tags_only: {script: [echo t], rules: [{if: $CI_COMMIT_TAG}]}
by_hand: {script: [echo h], rules: [{when: manual}]}
""")
    result = run_pipeline(folder, {})
    assert {job.name: job.status for job in result.jobs} == {
        "always": "success",
        "main_only": "success",
        "by_hand": "manual",
    }


def test_only_and_except_mean_the_same_as_rules(project):
    folder = project("""
main_only: {script: [echo m], only: [main]}
other_branch: {script: [echo o], only: {refs: [production]}}
tags_only: {script: [echo t], only: [tags]}
by_pattern: {script: [echo p], only: [/^ma/]}
not_main: {script: [echo n], except: [main]}
not_tags: {script: [echo a], except: [tags]}
""")

    assert {job.name for job in run_pipeline(folder, {}).jobs} == {"main_only", "by_pattern", "not_tags"}


def test_extends_reference_default_and_includes_are_resolved(project):
    folder = project(
        """
include: shared.yml
default: {before_script: [echo default-before]}
.base: {variables: {NAME: base}, script: [echo base]}
child: {extends: .base, script: [!reference [.shared, script], 'echo "$NAME"']}
""",
        shared__yml=".shared: {script: [echo from-shared]}\n",
    )
    log = run_pipeline(folder, {}).job("child").log
    assert [line for line in log.splitlines() if not line.startswith("$")] == ["default-before", "from-shared", "base"]


def test_a_job_that_takes_too_long_is_ended_with_its_children(project):
    folder = project("hang: {script: ['sleep 60 & sleep 60'], timeout: 1 second}")
    result = run_pipeline(folder, {}).job("hang")
    assert (result.status, result.reason) == ("failed", "it took longer than 1 s")


@pytest.mark.parametrize(
    ("ci", "expected"),
    [
        ("", "holds no jobs"),
        ("a: {script: [x]}\na: {script: [y]}", "the key 'a' stands in lines 1 and 2"),
        ("a: {script: [x], stage: nope}", "its stage nope is not among the stages"),
        ("a: {script: [x], only: {changes: [x]}}", "does not do only: changes; write rules: instead"),
        ("a: {script: [x], only: [main], rules: [{when: always}]}", "cannot stand in one job"),
        ("a: {script: [x], services: [postgres]}", "does not do services"),
        ("a: {script: [x], needs: [b]}\nb: {script: [x], needs: [a]}", "needs goes in a circle: a → b → a"),
        ("a: {script: [x], needs: [c]}", "needs c: there is no such job"),
        ("a: {script: [x], rules: [{if: '$A =='}]}", "something is missing at its end"),
        ("a: {script: 5}", "job a: script"),
        ("a: {stage: test}", "it has no script"),
        ("include: {remote: 'https://x'}\na: {script: [x]}", "only files of the project"),
        ("include: ../../etc/passwd\na: {script: [x]}", "points outside the project"),
        ("a: [", "is not valid YAML"),
        ("a: {extends: .b, script: [x]}", "extends .b: there is no such job"),
        ("a: {script: [!reference [a, script]]}", "refers to itself"),
    ],
)
def test_a_wrong_file_is_refused_with_its_reason(project, ci, expected):
    found = messages(project(ci))
    assert any(expected in message for message in found), found


def test_running_a_wrong_file_raises_its_problems(project):
    with pytest.raises(PipelineError, match="no script"):
        run_pipeline(project("a: {stage: test}"), {})


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('$A == "x"', True),
        ("$A != 'x'", False),
        ("$A && $B", False),
        ("$A || $B", True),
        ("($B || $A) && $A =~ /^X$/i", True),
        ("$A !~ /y/", True),
        ("$B == null", True),
        ("$EMPTY", False),
    ],
)
def test_conditions(expression, expected):
    assert holds(expression, {"A": "x", "EMPTY": ""}) is expected


@pytest.mark.parametrize("expression", ["$A = 'x'", "($A", "$A =~ 'x'", "$A ==", "/(/ == $A", "a b c"])
def test_conditions_that_gitlab_does_not_know_are_refused(expression):
    with pytest.raises(ConditionError):
        holds(expression, {"A": "x"})


def test_no_artifact_is_reached_through_a_link(project, tmp_path):
    """GitLab's runner does not follow links out of the project either."""
    (tmp_path / "secret").write_text("not of this project")
    folder = project(f"""
        stages: [one, two]
        make:
          stage: one
          script: [mkdir kept, echo mine > kept/file, ln -s {tmp_path} out, ln -s {tmp_path}/secret file.zip, ln -s kept inner]
          artifacts: {{paths: [out/secret, "*/secret", file.zip, kept, "inner/*"]}}
        look: {{stage: two, script: ["find . -type f -exec cat {{}} +"]}}
    """)
    result = run_pipeline(folder, {})

    assert result.job("make").artifacts == ("kept/file",)
    assert "mine" in result.job("look").log and "not of this project" not in result.job("look").log


def test_a_job_cannot_change_what_the_next_one_starts_from(project):
    folder = project("""
        stages: [one, two]
        first: {stage: one, script: ["for f in $(find .. ../.. -maxdepth 2 -name file.txt); do echo changed > $f || true; done"]}
        second: {stage: two, script: [cat file.txt]}
    """, file__txt="as committed")  # fmt: skip

    assert "as committed" in run_pipeline(folder, {}).job("second").log


@pytest.mark.parametrize(
    ("ci", "message"),
    [
        ("a: {script: [x], only: main}", "job a: only: a list or a mapping is expected here, not a text"),
        ("a: {script: [x], artefacts: {paths: [b/]}}", "job a: there is no keyword artefacts; did you mean artifacts?"),
        ("a: {script: [x], frobnicate: 1}", "job a: there is no keyword frobnicate"),
        ("a: {script: [x], when: sometimes}", "job a: when: sometimes is none of the words that may stand here: "),
        ("a: {script: [x], artifacts: [b/]}", "job a: artifacts: a mapping is expected here, not a list"),
        ("stages: test\na: {script: [x]}", "stages: a list is expected here, not a text"),
        ("stages:\n  - test\n - deploy\n", "line 3, column 2: its indentation fits none of the lines above"),
        ("a:\n\tscript: x\n", "line 2, column 1: a tab; YAML is indented with blanks only"),
    ],
    ids=["text for a list", "misspelt", "unknown", "wrong word", "list for a mapping", "stages", "indentation", "tab"],
)
def test_what_gitlab_would_refuse_is_told_in_words(project, ci, message):
    told = " ".join(messages(project(ci)))

    assert message in told
    assert "schema" not in told and "['" not in told


def bomb(levels: int, of: str) -> str:
    """Ten times ten times … of something; `of` is how a level names the one before it."""
    lines = ["a0: {script: [x]}"]
    return "\n".join([*lines, *(of.format(n=n, before=n - 1) for n in range(1, levels))])


@pytest.mark.parametrize(
    ("ci", "expected"),
    [
        ("\n".join([".l0: &l0 [x]", *(f".l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 10)), "a: {script: *l9}"]), "too big"),
        (bomb(9, "a{n}: {{script: [" + "!reference [a{before}, script], " * 9 + "x]}}"), "too big"),
        (bomb(9, "a{n}: {{extends: [" + "a{before}, " * 19 + "a{before}]}}"), "too big"),
        ("\n".join(f"a{n}: {{script: [x], needs: [a{max(0, n - 1)}]}}" for n in range(1500)), "at most 200"),
        ("a: {script: [x], rules: [{exists: ['" + "**/a/" * 9 + "b']}]}", "has ** more than 3 times"),
        ("a: {script: [x], artifacts: {paths: ['" + "**/a/" * 9 + "b']}}", "has ** more than 3 times"),
        ("a: {script: [x], rules: [{exists: {paths: [x], project: other/one}}]}", "exists: as a list"),
        ("a: {script: [x], rules: [{if: '\"" + "a" * 60 + "!\" =~ /^(a|a)+$/'}]}", "takes too long"),
        ("a: {script: [x]}\n#" + "x" * 2_100_000, "is larger than"),
    ],
    ids=["aliases", "references", "parents", "a chain of jobs", "stars", "artifacts", "exists", "a pattern", "size"],
)  # fmt: skip
def test_a_file_that_would_cost_hours_or_gigabytes_is_refused(project, ci, expected):
    found = messages(project(ci))
    assert any(expected in message for message in found), [message[:200] for message in found]


def test_files_that_include_each_other_many_times_are_refused(project):
    files = {f"i{n}__yml": f"include: [{', '.join([f'i{n + 1}.yml'] * 10)}]\n.x: {{}}" for n in range(5)}
    folder = project("include: i0.yml\na: {script: [x]}", **files, i5__yml=".y: {}")
    assert messages(folder) == ["it includes more than 150 files"]


def test_a_pattern_that_takes_too_long_for_the_variables_values_is_refused(project):
    folder = project("variables: {A: '" + "a" * 60 + "!'}\na: {script: [x], rules: [{if: '$A =~ /^(a|a)+$/'}]}")
    with pytest.raises(PipelineError, match="takes too long"):
        run_pipeline(folder, {})


@pytest.mark.parametrize("pattern", ["/etc/passwd", "../*", "", ".", "**x/", "a/../../*"])
def test_what_lies_outside_of_the_project_does_not_exist(project, pattern):
    folder = project(f"a: {{script: ['true'], rules: [{{exists: ['{pattern}']}}]}}")
    assert run_pipeline(folder, {}).jobs == []


def test_two_stars_beside_other_characters_are_one(project):
    folder = project("a: {script: ['touch x.zip'], artifacts: {paths: ['**.zip']}, rules: [{exists: ['.gitlab**']}]}")
    assert run_pipeline(folder, {}).job("a").artifacts == ("x.zip",)


def test_an_artifact_takes_the_place_of_what_the_project_has_there(project):
    folder = project(
        """
stages: [make, use]
make: {stage: make, script: [rm -r out in, mkdir out, echo new > out/x, echo new > in], artifacts: {paths: [out/x, in]}}
use: {stage: use, script: [cat out/x in]}
"""
    )
    (folder / "out").write_text("old")
    (folder / "in").mkdir()
    (folder / "in" / "old").write_text("old")

    log = run_pipeline(folder, {}).job("use").log

    assert log.splitlines()[-2:] == ["new", "new"]


def test_artifacts_that_cannot_be_read_or_are_too_large_are_not_handed_on(project):
    large = "head -c 110000000 /dev/zero > large"
    folder = project(f"a: {{script: [touch b, chmod 000 b, '{large}'], artifacts: {{paths: [b, large]}}}}")

    job = run_pipeline(folder, {}).job("a")

    assert (job.status, job.artifacts) == ("success", ())
    assert "WARNING: the artifacts have 110000000 bytes" in job.log


@pytest.mark.parametrize(
    ("ci", "said"),
    [
        ("variables: {A: '" + "a" * 100_000 + "', B: '" + "$A" * 200_000 + "'}\na: {script: ['true']}", "too long"),
        ('a: {script: ["echo \\0"]}', "null byte"),
    ],
    ids=["variables of gigabytes", "NUL"],
)
def test_a_job_that_no_program_can_be_started_for_fails(project, ci, said):
    job = run_pipeline(project(ci), {}).job("a")

    assert (job.status, job.exit_code) == ("failed", 126)
    assert said in job.log


def test_variables_are_filled_in_once_and_two_dollars_are_one(project):
    ci = "variables: {A: x, B: '$A-${A}-$$A-$NONE-$'}\na: {script: ['echo \"$B\"']}"

    assert run_pipeline(project(ci), {}).job("a").log.splitlines()[-1] == "x-x-$A-$NONE-$"
