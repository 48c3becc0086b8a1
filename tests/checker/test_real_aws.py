"""What is different on real AWS and on other people's clouds: a notice, one state for one account, services that lack."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from checker.checks.check import check
from checker.checks.expectation import NotAvailable, expect
from checker.checks.lacking import find_lacking
from checker.checks.session import Session
from checker.cli.consent import ask_before_aws
from checker.cost import estimate_usd, render_notice
from checker.curriculum.given import altered_files, describe_altered, given_files
from checker.curriculum.parts import find_part, read_parts, services_below
from checker.deployment import Deployment
from checker.diagnostics import Diagnostic
from checker.errors import UsageProblem
from checker.target import MqttAddress, Target
from checker.terraform import TerraformFailed, accounts_in_state
from checker.verbs import Lab
from checker.verbs.aws import aws_answers
from checker.verbs.device import DeviceRefused

TIMESTREAM_LACKS = TerraformFailed(
    "apply",
    [
        Diagnostic(
            "error",
            "creating Timestream Database (iot): operation error Timestream Write: CreateDatabase, https response error "
            "StatusCode: 400, RequestID: , api error UnknownError: UnknownError",
            filename="timestream.tf",
            line=3,
        )
    ],
    applied=True,
)


def a_target(name: str, account: str = "111111111111") -> Target:
    return Target(name, "eu-west-1", MqttAddress(None, 8883, None), {}, account_id=account)


def a_state(account: str) -> str:
    arn = f"arn:aws:iot:eu-west-1:{account}:thing/house"
    managed = {"mode": "managed", "instances": [{"attributes": {"arn": arn}}]}
    data = {"mode": "data", "instances": [{"attributes": {"arn": "arn:aws:iam::aws:policy/X"}}]}
    return json.dumps({"version": 4, "resources": [managed, data]})


def test_the_notice_names_account_costs_tags_and_what_remains():
    notice = render_notice(read_parts(), account="111111111111", region="eu-west-1", target="aws", prefix="")

    assert notice.startswith("This works on real AWS: account 111111111111, region eu-west-1.\n")
    assert f"about {estimate_usd(read_parts()):.2f} USD at most" in notice
    assert "without a prefix (TF_VAR_prefix=yours_" in notice
    assert "until you unsubscribe" in notice
    assert "lab destroy --target aws" in notice


def test_a_part_without_quicksight_is_not_told_its_price():
    notice = render_notice((find_part(2),), account="1", region="r", target="aws", prefix="ann_")

    assert "QuickSight" not in notice
    assert "with the prefix ann_" in notice


def test_nobody_is_asked_about_other_targets_nor_after_yes(capsys):
    ask_before_aws(a_target("http://127.0.0.1:1"), read_parts(), yes=False)
    assert capsys.readouterr().err == ""

    ask_before_aws(a_target("aws:teacher:eu-west-1"), read_parts(), yes=True)
    assert "real AWS: account 111111111111" in capsys.readouterr().err


def test_without_a_terminal_real_aws_needs_yes(monkeypatch):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: False))

    with pytest.raises(UsageProblem, match="Nobody is there to ask\n  next  the same command with --yes"):
        ask_before_aws(a_target("aws"), read_parts(), yes=False)


def test_the_state_of_another_account_is_neither_applied_nor_destroyed(workspace):
    (workspace.terraform / "terraform.tfstate").write_text(a_state("222222222222"))
    deployment = Deployment(workspace, a_target("aws"))

    for act in (deployment.apply, deployment.destroy):
        with pytest.raises(UsageProblem) as raised:
            act()
        assert raised.value.message == (
            "terraform/terraform.tfstate describes what is in account 222222222222; aws is account 111111111111"
        )


def test_accounts_are_read_from_managed_resources_only():
    assert accounts_in_state(a_state("222222222222")) == {"222222222222"}
    assert accounts_in_state("{}") == accounts_in_state("") == set()
    for planted in (
        '{"resources": [1]}',
        '{"resources": [{"mode": "managed", "instances": [{"attributes": null}]}]}',
        "[" * 9999,
    ):
        assert accounts_in_state(planted) == set()


def test_a_service_that_another_cloud_lacks_is_named():
    lacking = find_lacking(TIMESTREAM_LACKS, a_target("http://127.0.0.1:1"))

    assert lacking.services == {"timestream"}
    assert lacking.because == "http://127.0.0.1:1 does not serve Timestream Write"


def test_the_local_cloud_has_no_excuse_and_other_errors_are_not_the_targets():
    assert find_lacking(TIMESTREAM_LACKS, a_target("local")) is None
    wrong = Diagnostic("error", "creating IoT Thing: operation error IoT: CreateThing, InvalidRequestException: name")
    assert find_lacking(TerraformFailed("apply", [wrong]), a_target("aws")) is None


def test_checks_that_need_what_the_target_lacks_are_skipped_and_others_are_judged(workspace):
    @check("3.1", points=3)
    def table_exists(lab):
        """The table exists."""
        expect(False, expected="a table", got="none")

    session = Session(Deployment(workspace, a_target("http://127.0.0.1:1")), _lab=SimpleNamespace(close=lambda: None))
    session._half_deployed = TIMESTREAM_LACKS
    session._lacking = find_lacking(TIMESTREAM_LACKS, session.deployment.target)

    session._services = frozenset({"timestream", "iot"})
    (skipped,) = session._run([table_exists.check])
    assert (skipped.status, skipped.blameless) == ("skipped", True)
    assert skipped.because == "http://127.0.0.1:1 does not serve Timestream Write"

    session._services = frozenset({"dynamodb", "iot"})
    (failed,) = session._run([table_exists.check])
    assert failed.status == "failed"
    assert "terraform apply stopped at terraform/timestream.tf line 3" in failed.because


def test_a_part_builds_on_the_services_of_the_parts_that_it_requires():
    assert "timestream" not in services_below(find_part(2))
    assert "timestream" not in find_part(5).services
    assert "timestream" in services_below(find_part(5))


def test_what_reads_files_only_is_judged_whatever_the_target_lacks(workspace):
    @check("5.5", points=4, reads_files_only=True)
    def no_secrets(lab):
        """No secrets."""
        expect(False, expected="none", got="a key")

    session = Session(Deployment(workspace, a_target("http://127.0.0.1:1")), _lab=SimpleNamespace(close=lambda: None))
    session._half_deployed = TIMESTREAM_LACKS
    session._lacking = find_lacking(TIMESTREAM_LACKS, session.deployment.target)
    session._services = services_below(find_part(5))

    (result,) = session._run([no_secrets.check])

    assert (result.status, result.because) == ("failed", "")


class LaxIot:
    """AWS IoT of a cloud that names its own endpoint."""

    def describe_endpoint(self, **_):
        return {"endpointAddress": "lax.localhost"}


@pytest.mark.parametrize(("endpoint", "let_in"), [("lax.localhost", None), ("other", ["without a certificate"])])
def test_a_broker_that_lets_everybody_in_is_the_clouds_doing(workspace, monkeypatch, endpoint, let_in):
    """A learner answers for the endpoint that the output names, not for how the cloud's own endpoint behaves."""
    target = a_target("http://127.0.0.1:1")
    target._clients["iot"] = LaxIot()
    deployment = Deployment(workspace, target, _outputs={"iot_endpoint": endpoint})
    lab = Lab(deployment)
    refusal = DeviceRefused("refused")
    monkeypatch.setattr(
        Lab, "_reason_of", lambda self, connect: "" if connect.args[0].certificate is None else str(refusal)
    )

    if let_in is None:
        with pytest.raises(NotAvailable, match="the broker of http://127.0.0.1:1 lets devices in without a cert"):
            lab.connects_without_its_certificate()
    else:
        assert lab.connects_without_its_certificate() == let_in


def test_an_answer_without_a_reason_is_no_service():
    from botocore.exceptions import ClientError

    with pytest.raises(NotAvailable, match="it answers ListTables with HTTP 400 and no reason"), aws_answers():
        raise ClientError({"Error": {"Code": "400", "Message": ""}}, "ListTables")


def test_files_that_no_part_edits_are_given():
    given = given_files()

    assert {"src/simulation.py", "src/house.py", "bin/package_lambda.sh", "ac_control_lambda/readings.py"} <= set(given)
    assert not {"bin/teardown.sh", "ac_control_lambda/decision.py", "terraform/iot.tf"} & set(given)


def test_altered_given_files_are_told(workspace):
    assert altered_files(workspace) == ()
    assert describe_altered(workspace) == ""

    house = workspace.folder / "src/house.py"
    house.write_bytes(house.read_bytes().replace(b"\n", b"\r\n"))
    assert altered_files(workspace) == ()

    house.write_text("# nothing\n")
    (workspace.folder / "bin/deploy_lambda.sh").unlink()
    assert altered_files(workspace) == ("bin/deploy_lambda.sh", "src/house.py")
    assert describe_altered(workspace).startswith(
        "Not as the kit gave them: bin/deploy_lambda.sh, src/house.py. The checks"
    )
