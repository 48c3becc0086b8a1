"""The `lab` command as a learner meets it: help, messages, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest

from checker.checks.result import CheckResult, PartResult, Report
from checker.cli import COMMANDS, main
from checker.curriculum.parts import ROOT, STARTER, read_parts
from checker.curriculum.progress import has_passed, remember, results
from checker.curriculum.workspace import lay_over
from checker.deployment import Deployment
from checker.diagnostics import Diagnostic
from checker.process import Finished
from checker.target import local_target
from checker.terraform import TerraformFailed
from tests.checker.test_target import CLOUD


@pytest.fixture
def lab(workspace, monkeypatch, capsys):
    """Runs `lab` in the workspace; gives exit code, output and errors."""
    monkeypatch.chdir(workspace.folder)
    monkeypatch.delenv("LAB_WORKSPACE", raising=False)
    monkeypatch.delenv("LAB_TARGET", raising=False)

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return run


def test_help_lists_every_command_without_loading_boto3():
    code = "import sys\nfrom checker.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\nassert 'boto3' not in sys.modules"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert all(f"\n  {name} " in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "test"])
def test_every_command_has_its_own_help(lab, name):
    """But `lab test --help`, which is pytest's."""
    code, out, _ = lab(name, "--help")

    assert code == 0
    assert f"Usage: lab {name}" in out


def test_a_misspelt_command_is_a_usage_error_with_a_suggestion(lab):
    code, _, errors = lab("chek")

    assert code == 2
    assert "There is no command 'chek'. Did you mean 'check'?" in errors


GONE = TerraformFailed("apply", [Diagnostic("error", "dial tcp 127.0.0.1:1: connection refused", "", "iot.tf", 7)])


@pytest.mark.parametrize("command", ["apply", "destroy"])
def test_a_cloud_that_ends_under_terraform_is_not_the_learners_fault(lab, monkeypatch, command):
    def end(*_: object) -> None:
        raise GONE

    monkeypatch.setattr("checker.cli.deploy.open_target", lambda *_: local_target(CLOUD))
    monkeypatch.setattr(Deployment, command, end)

    code, _, errors = lab(command)

    assert code == 3
    assert "The local cloud ended in the middle of terraform; your files are not the reason" in errors
    assert "correct" not in errors


def test_a_house_that_outlives_its_cloud_says_so(lab, monkeypatch):
    monkeypatch.setattr("checker.cli.deploy.open_target", lambda *_: local_target(CLOUD))
    monkeypatch.setattr("checker.cli.simulate.run_house", lambda *_, **__: Finished(0, "96 readings", ""))

    code, _, errors = lab("simulate", "--minutes", "1")

    assert code == 3
    assert "The local cloud ended while the house lived" in errors
    assert "next  lab logs, then lab up" in errors


def test_the_kits_own_starter_is_not_worked_in(lab, monkeypatch):
    monkeypatch.chdir(STARTER / "terraform")

    code, _, errors = lab("check", "1")

    assert code == 2
    assert "is the kit's own: every new workspace begins as its copy" in errors
    assert "next  lab new DIR makes one of your own; then cd DIR" in errors


def test_outside_a_workspace_there_is_one_message(lab, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert lab("status")[::2] == (
        2,
        f"{tmp_path} is not inside a workspace\n  next  lab new DIR makes one; then cd DIR, or use --workspace DIR\n",
    )


def test_a_cloud_that_never_ran_has_no_log(lab):
    code, _, errors = lab("logs")

    assert (code, errors) == (3, "There is no log: the local cloud of this workspace never ran\n  next  lab up\n")


def test_a_trace_without_a_cloud_says_so_and_starts_none(lab):
    code, _, errors = lab("trace")

    assert (code, errors) == (3, "The local cloud of this workspace is not running\n  next  lab up\n")


def test_down_without_a_cloud_is_no_error(lab):
    assert lab("down")[:2] == (0, "The local cloud was not running.\n")


def test_next_names_the_first_step_and_where_its_todo_stands(lab):
    code, out, _ = lab("next")

    assert code == 0
    assert "  step   1.1  " in out
    assert "  edit   terraform/iot.tf line " in out
    assert "  check  lab check 1\n" in out


def test_status_begins_with_nothing_checked(lab):
    code, out, _ = lab("status")

    assert code == 0
    assert out.count("not checked yet") == 7
    assert out.endswith("0 of 100 points.  next  lab next\n")


def test_hints_go_one_level_further_each_time(lab):
    first, second, third, again = (lab("hint", "2.3")[1] for _ in range(4))

    assert [text.splitlines()[0] for text in (first, second, third)] == [
        "2.3  Where to look (hint 1 of 3)",
        "2.3  Which idea (hint 2 of 3)",
        "2.3  Almost the answer (hint 3 of 3)",
    ]
    assert again == third
    assert "hints taken: 3, about " in lab("status")[1]


def test_a_hint_for_no_step_lists_the_steps(lab):
    code, _, errors = lab("hint", "2")

    assert code == 2
    assert "2 is no step\n  next  lab hint with one of 2.1, 2.2" in errors


def test_a_solution_is_shown_after_passing_only(lab, workspace):
    code, _, errors = lab("solution", "1")
    assert code == 1
    assert "Part 1 has not passed yet" in errors

    workspace.write_note("results.json", {"1": {"points": 10, "available": 10, "checks": {"1.1": "passed"}}})
    assert "+++ solution/terraform/iot.tf" in lab("solution", "1")[1]
    lay_over(workspace, read_parts()[:1])
    assert "terraform/iot.tf: the same" in lab("solution", "1")[1]


def test_after_catching_up_the_part_that_was_wanted_is_next(lab, workspace):
    lab("catch-up", "3")
    assert lab("next")[1].startswith("Part 3: ")

    lab("reset", "2")
    assert lab("next")[1].startswith("Part 2: ")

    lab("reset")
    assert lab("next")[1].startswith("Part 1: ")


def test_what_broke_takes_no_points_that_were_there(workspace):
    passed = CheckResult("2.1", "It works.", "passed", 2)
    remember(workspace, Report((PartResult(2, "Two", False, (passed,)),), {}))

    remember(workspace, Report((PartResult(2, "Two", False, (replace(passed, status="broken"),)),), {}))

    assert results(workspace)["2"]["points"] == 2
    assert has_passed(workspace, 2)


def test_catch_up_brings_the_earlier_solutions_and_keeps_the_old_files(lab, workspace):
    (workspace.terraform / "iot.tf").write_text("# mine\n")

    code, out, _ = lab("catch-up", "3")

    assert code == 0
    assert (workspace.terraform / "iot.tf").read_bytes() == (read_parts()[1].solution / "terraform/iot.tf").read_bytes()
    (kept,) = (workspace.notes / "kept").iterdir()
    assert str(kept) in out
    assert (kept / "terraform/iot.tf").read_text() == "# mine\n"


def test_reset_brings_back_the_base_of_the_part(lab, workspace):
    lay_over(workspace, read_parts()[:2])

    lab("reset", "2")

    assert (workspace.terraform / "iot.tf").read_bytes() == (read_parts()[0].solution / "terraform/iot.tf").read_bytes()


def test_new_makes_a_workspace_and_says_what_comes_next(lab, tmp_path):
    code, out, _ = lab("new", str(tmp_path / "other"))

    assert code == 0
    assert out.endswith(f"  next  cd {tmp_path / 'other'} && lab next\n")
    assert lab("new", str(tmp_path / "other"))[0] == 2


def test_doctor_finds_what_the_kit_needs(lab):
    code, out, _ = lab("doctor")

    assert code == 0, out
    assert "ok       Python" in out
    assert "Everything that the kit needs is here." in out


def test_doctor_tells_what_is_missing_and_the_remedy(lab, monkeypatch, tmp_path):
    monkeypatch.setenv("LAB_TERRAFORM", str(tmp_path / "missing"))

    code, out, _ = lab("doctor")

    assert code == 3
    assert f"MISSING  Terraform            LAB_TERRAFORM names {tmp_path / 'missing'}, which is not a program" in out
    assert "or set LAB_TERRAFORM" in out


def test_a_bug_of_the_kit_is_one_message_and_a_file(lab, monkeypatch):
    monkeypatch.setattr("checker.cli.learn.results", lambda workspace: 1 / 0)

    code, _, errors = lab("status")

    assert code == 3
    assert errors.startswith("A bug of the kit: ZeroDivisionError: division by zero\n  next  report it with ")


def test_an_unknown_target_is_a_usage_error(lab):
    code, _, errors = lab("check", "1", "--target", "lokal")

    assert code == 2
    assert "There is no target 'lokal'" in errors


def test_the_curriculum_is_in_order(lab):
    assert lab("lint", "--files-only")[:2] == (0, "The curriculum is in order.\n")


def test_results_are_remembered(workspace):
    from checker.checks.result import CheckResult, PartResult, Report
    from checker.curriculum.progress import has_passed, remember

    passed = PartResult(1, "x", False, (CheckResult("1.1", "t", "passed", 3),))
    remember(workspace, Report((passed,), {"began": "now"}))

    assert has_passed(workspace, 1)
    assert not has_passed(workspace, 2)
    assert json.loads((workspace.notes / "results.json").read_text())["1"]["points"] == 3


def test_a_connection_in_the_trace_is_a_line_of_its_own():
    from checker.cli.trace import render_trace

    step = {"text": "MQTT client 'lab-1' from 127.0.0.1: connected"}

    assert render_trace({"at": 1.5, "topic": "", "steps": [step]}) == f"00:00:01.500  {step['text']}"
    assert render_trace({"at": 1.5, "topic": "a/b", "client_id": "c", "steps": [{"text": "published"}]}) == (
        "00:00:01.500  a/b  from c\n    published"
    )


def test_new_says_how_lab_is_called_when_the_shell_does_not_find_it(lab, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")

    _, out, _ = lab("new", str(tmp_path / "other one"))

    assert f"  once  export PATH={ROOT}:$PATH   (so that `lab` is found in every folder)\n" in out
    assert out.endswith(f"  next  cd '{tmp_path / 'other one'}' && lab next\n")

    monkeypatch.setenv("PATH", f"{ROOT}:/usr/bin:/bin")
    assert "once" not in lab("new", str(tmp_path / "third"))[1]


def test_the_tests_run_in_the_environment_for_development_in_two_processes(lab, monkeypatch):
    from checker.cli import kit

    ran: list[list[str]] = []
    monkeypatch.setattr(kit, "ensure_environment", lambda extras: f"python with {extras[0]}")
    monkeypatch.setattr(
        kit.subprocess, "run", lambda command, **_: ran.append(command) or SimpleNamespace(returncode=0)
    )

    assert lab("test")[0] == lab("test", "tests/iam", "-x")[0] == 0
    assert ran == [
        ["python with dev", "-m", "pytest", "-n", "2", "--dist", "worksteal"],
        ["python with dev", "-m", "pytest", "tests/iam", "-x"],
    ]


def test_working_time_is_counted_and_pauses_are_not(lab, workspace):
    from checker.curriculum.progress import minutes_spent, note_time

    for at in (0, 600, 1200, 90_000, 90_120):
        note_time(workspace, 1, float(at))

    assert minutes_spent(workspace) == {"1": 22}
    assert ", 22 of about " in lab("status")[1]


def test_an_endpoint_where_nobody_listens_is_told_before_anything_is_done(lab, workspace):
    port = unused_port()

    for command in (["check", "1"], ["apply"]):
        code, out, errors = lab(*command, "--target", f"http://127.0.0.1:{port}")

        assert (code, out) == (3, "")
        assert errors == (
            f"Nobody answers at http://127.0.0.1:{port}: Connection refused\n  next  start that cloud, or correct the URL\n"
        )


def test_a_result_file_that_cannot_be_written_is_told_before_the_checks(lab, tmp_path):
    (tmp_path / "file").write_text("")

    code, out, errors = lab("check", "1", "--json", str(tmp_path / "file" / "result.json"))

    assert (code, out) == (2, "")
    assert "result.json cannot be written: " in errors
    assert "next  choose another file" in errors
    assert "local cloud" not in errors


def test_asking_whether_a_result_file_can_be_written_leaves_things_as_they_are(tmp_path):
    from checker.report.files import require_writable

    (tmp_path / "old.json").write_text("{}")
    for name in ("old.json", "folder/new.json"):
        require_writable(tmp_path / name)

    assert (tmp_path / "old.json").read_text() == "{}"
    assert not (tmp_path / "folder/new.json").exists()


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("9", "There is no part '9'\n  next  choose one of 1 (01_iot_core), 2 (02"),
        ("2.9", "Part 2 has no step 2.9\n  next  choose one of 2.1, 2.2, 2.3, 2.4, 2.5, 2.6\n"),
        ("2.x", "Part 2 has no step 2.x"),
        ("iot", "There is no part 'iot'"),
    ],
)
@pytest.mark.parametrize("command", ["check", "hint", "reset", "catch-up", "solution", "watch"])
def test_a_part_that_is_none_is_a_usage_error_with_the_known_ones(lab, command, wanted, said):
    code, out, errors = lab(command, wanted)

    assert (code, out) == (2, "")
    assert errors.startswith(said)


def test_a_folder_that_is_no_workspace_is_named(lab, tmp_path):
    code, _, errors = lab("status", "--workspace", str(tmp_path))
    assert (code, errors) == (
        2,
        f"{tmp_path} is not a workspace: it has no folder terraform/\n  next  name the folder that lab new made\n",
    )

    assert f"next  lab new {tmp_path}/other\n" in lab("status", "--workspace", f"{tmp_path}/other")[2]


def unused_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
