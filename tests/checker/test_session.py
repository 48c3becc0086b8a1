"""A run of checks from the files to the report, with a deployment that is played."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from checker.checks.session import Listener, Session, better_fix, blame_the_target, checks_version
from checker.curriculum.parts import ROOT, find_part, read_parts
from checker.deployment import Deployment
from checker.diagnostics import Diagnostic
from checker.errors import TargetDown, TargetLacks
from checker.target import local_target
from checker.terraform import Changes, TerraformFailed
from tests.checker.test_target import CLOUD

SYNTAX = Diagnostic("error", "Unclosed configuration block", "", "iot.tf", 7, "resource {")


class PlayedTerraform:
    """Counts its applies; fails if told so."""

    def __init__(self, failure: TerraformFailed | None = None, outputs: dict[str, str] | None = None) -> None:
        self.failure, self.applies, self._outputs = failure, 0, outputs or {}

    def apply(self) -> Changes:
        self.applies += 1
        if self.failure:
            raise self.failure
        return Changes(add=1)

    def outputs(self) -> dict[str, str]:
        return self._outputs


@pytest.fixture
def deployment(workspace, monkeypatch):
    played = PlayedTerraform(
        outputs={"certificate_pem": "CERTIFICATE", "private_key": "KEY", "iot_endpoint": "localhost"}
    )
    monkeypatch.setattr(Deployment, "terraform", played)
    deployment = Deployment(workspace, local_target(CLOUD))
    deployment.played = played
    return deployment


def test_unchanged_files_are_applied_once(deployment):
    assert deployment.ensure_applied() == Changes(add=1)
    assert deployment.ensure_applied() is None
    assert deployment.played.applies == 1


@pytest.mark.parametrize("changed", ["files", "state", "cloud"])
def test_a_change_is_applied_again(deployment, changed):
    deployment.ensure_applied()
    if changed == "files":
        (deployment.workspace.terraform / "iot.tf").write_text("# changed\n")
    elif changed == "state":
        (deployment.workspace.terraform / "terraform.tfstate").write_text("{}")
    else:
        deployment.target = local_target(CLOUD | {"pid": 2})

    deployment.ensure_applied()

    assert deployment.played.applies == 2


def test_a_failed_apply_is_not_taken_for_done(deployment):
    deployment.played.failure = TerraformFailed("apply", [SYNTAX])
    with pytest.raises(TerraformFailed):
        deployment.ensure_applied()

    assert not deployment.is_current


def test_the_private_key_is_written_for_its_owner_only(deployment):
    deployment.apply()
    certs = deployment.workspace.certs

    assert (certs / "certificate.pem").read_text() == "CERTIFICATE\n"
    assert (certs / "endpoint").read_text() == "localhost\n"
    assert (certs / "private_key.pem").stat().st_mode & 0o777 == 0o600


def test_keys_that_are_no_longer_deployed_are_removed(deployment):
    deployment.apply()
    deployment.played._outputs = {}
    deployment.apply()

    assert list(deployment.workspace.certs.iterdir()) == []


def write_script(deployment, text: str = "print('made')\n") -> None:
    """The learner writes the program that runs before an apply; it asks for the prefix, so the outputs are read."""
    (deployment.workspace.folder / "bin/create_quicksight_source.py").write_text(text)


def test_an_apply_is_followed_by_its_own_outputs_not_by_those_that_a_script_read_before(deployment, monkeypatch):
    monkeypatch.setattr(Deployment, "environment", lambda _: dict(os.environ))
    write_script(deployment)
    state = deployment.workspace.terraform / "terraform.tfstate"
    state.write_text('{"version": 4, "outputs": {}}')
    after = '{"version": 4, "outputs": {"iot_endpoint": {"value": "localhost"}}}'
    monkeypatch.setattr(deployment.played, "apply", lambda: (state.write_text(after), Changes(add=1))[1])

    deployment.apply(read_parts())

    assert deployment.outputs == {"iot_endpoint": "localhost"}
    assert (deployment.workspace.certs / "endpoint").read_text() == "localhost\n"


def test_a_changed_script_of_before_the_apply_runs_again(deployment, monkeypatch):
    monkeypatch.setattr(Deployment, "environment", lambda _: dict(os.environ))
    write_script(deployment)
    deployment.ensure_applied(read_parts())
    write_script(deployment, "raise SystemExit('no such type')\n")

    deployment.ensure_applied(read_parts())

    assert deployment.played.applies == 2
    assert deployment.notices == ["bin/create_quicksight_source.py ended with exit code 1:\nno such type"]


def test_what_terraform_refuses_is_one_notice_and_skips_the_checks(deployment):
    deployment.played.failure = TerraformFailed("apply", [SYNTAX])
    notices: list[str] = []
    session = Session(deployment, Listener(notice=notices.append))

    session.deploy()
    report = session.report([session.check_part(find_part(2))])

    assert notices[0].startswith("terraform apply failed:\nterraform/iot.tf line 7: Unclosed configuration block")
    assert {check.status for check in report.parts[0].checks} == {"skipped"}
    assert report.parts[0].checks[0].fix == "terraform/iot.tf line 7"
    assert report.exit_code == 1


def test_what_reads_files_only_is_judged_though_terraform_refused_the_files(deployment):
    deployment.played.failure = TerraformFailed("apply", [SYNTAX])
    (deployment.workspace.folder / ".gitlab-ci.yml").write_text("stages: [test]\njob: {}\n")

    with Session(deployment) as session:
        session.deploy()
        checks = {check.id: check for check in session.check_part(find_part(5)).checks}

    assert (checks["5.1"].status, checks["5.1"].got) == ("failed", "job job: it has no script")
    assert checks["5.2"].because == "terraform did not deploy these files: Unclosed configuration block"


def test_what_the_cloud_does_not_serve_is_not_the_learners_fault(deployment):
    failure = TerraformFailed("apply", [Diagnostic("error", "creating X: StatusCode: 501, NotImplementedException")])

    with pytest.raises(TargetLacks, match="The local cloud does not serve what the files ask for") as raised:
        blame_the_target(failure, deployment.target)
    assert raised.value.exit_code == 3


def test_a_cloud_that_failed_itself_does_not_ask_for_other_files(deployment):
    said = "reading IoT Endpoint: StatusCode: 500, InternalFailure: The local cloud failed at iot DescribeEndpoint: "
    fault = Diagnostic(
        "error", f"{said}KeyError. This is a fault of the local cloud, not of your request", filename="x.tf"
    )

    with pytest.raises(TargetDown) as raised:
        blame_the_target(TerraformFailed("apply", [fault]), deployment.target)

    assert raised.value.message.startswith(
        "The local cloud failed; your files are not the reason.\nterraform apply failed"
    )
    assert "correct" not in str(raised.value)
    assert raised.value.exit_code == 3


def test_a_script_that_fails_before_terraform_is_a_notice(deployment):
    script = deployment.workspace.folder / "bin/create_quicksight_source.py"
    script.write_text("raise SystemExit('QuickSight: no subscription')\n")

    deployment.apply([find_part(6)])

    (notice,) = deployment.notices
    assert notice == "bin/create_quicksight_source.py ended with exit code 1:\nQuickSight: no subscription"


def test_a_script_that_the_learner_has_not_touched_is_not_run(deployment):
    deployment.apply([find_part(6)])

    assert deployment.notices == []


def test_results_say_what_was_checked(deployment):
    provenance = Session(deployment).report([]).provenance

    assert {"kit", "checks", "workspace", "altered", "target", "region", "clock", "house_seed", "began"} <= set(
        provenance
    )
    assert (provenance["target"], provenance["clock"], provenance["house_seed"]) == ("local", "lab", 1)


def test_the_version_of_the_checks_changes_with_a_check_and_with_a_verb(monkeypatch, tmp_path):
    from checker.checks import session

    before = checks_version()
    (tmp_path / "checker/verbs").mkdir(parents=True)
    (tmp_path / "checker/verbs/wait.py").write_text("EVERY_S = 1\n")
    monkeypatch.setattr(session, "read_parts", lambda: ())
    monkeypatch.setattr(session, "ROOT", tmp_path)

    first = checks_version()
    (tmp_path / "checker/verbs/wait.py").write_text("EVERY_S = 2\n")

    assert len({before, first, checks_version()}) == 3


def test_pytest_collects_the_checks_of_a_part():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "parts/02_invalid_data"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert [line for line in done.stdout.splitlines() if "::" in line] == [
        f"parts/02_invalid_data/checks.py::2.{number}" for number in range(1, 7)
    ]


def test_pytest_without_a_workspace_ends_with_the_usage_message(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(ROOT / "parts/02_invalid_data"), "--lab-workspace", str(tmp_path)],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip

    assert done.returncode == 2
    assert "is not a workspace: it has no folder terraform/" in done.stdout + done.stderr


@pytest.mark.parametrize(
    "said",
    [
        "AWS IoT (iot.amazonaws.com) cannot assume the role arn:aws:iam::123456789012:role/iot_role: it trusts nobody",
        "AWS IoT (iot.amazonaws.com) is unable to assume role (sts:AssumeRole) on resource: "
        "arn:aws:iam::123456789012:role/lab/iot_role. If the role was just created or updated, please try again",
    ],
    ids=["the local cloud", "AWS"],
)
def test_a_rule_that_was_refused_for_its_role_is_put_right_at_the_role(said):
    stopped = Diagnostic("error", f"creating IoT Topic Rule: {said}", address="aws_iot_topic_rule.invalid")
    failure = TerraformFailed("apply", [stopped], applied=True)
    fix = better_fix(failure, "aws_iot_topic_rule in terraform/iot.tf")
    assert (
        fix == "assume_role_policy of the role iot_role: whom it trusts, if it is the right role for aws_iot_topic_rule"
    )
    assert better_fix(failure, "aws_dynamodb_table in terraform/dynamodb.tf").startswith("aws_dynamodb_table")


def test_a_function_that_was_refused_for_its_role_is_put_right_at_the_role():
    said = "Lambda cannot assume the role arn:aws:iam::123456789012:role/iot_role: it trusts iot.amazonaws.com"
    stopped = Diagnostic("error", f"creating Lambda Function: {said}", address="aws_lambda_function.ac")
    fix = better_fix(TerraformFailed("apply", [stopped], applied=True), "aws_lambda_function in terraform/lambda.tf")
    assert (
        fix
        == "assume_role_policy of the role iot_role: whom it trusts, if it is the right role for aws_lambda_function"
    )
