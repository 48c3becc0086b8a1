"""The adapter around python-terraform, with real Terraform on its built-in provider and with programs that play it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from checker.diagnostics import Diagnostic
from checker.errors import LabError
from checker.terraform import Changes, Terraform, TerraformFailed, outputs_in_state
from checker.terraform_install import find_terraform

FILES = """
resource "terraform_data" "room" {
  input = "warm"
}
output "room" {
  value = terraform_data.room.output
}
output "key" {
  value     = "secret"
  sensitive = true
}
"""


@pytest.fixture
def terraform(tmp_path: Path) -> Terraform:
    """Terraform in a folder with one resource of its built-in provider, which needs no download."""
    (tmp_path / "main.tf").write_text(FILES)
    binary = find_terraform()
    if binary is None:
        pytest.skip("Terraform is not installed")
    config = tmp_path / "empty.tfrc"
    config.write_text("")
    return Terraform(tmp_path, os.environ | {"TF_CLI_CONFIG_FILE": str(config)}, binary)


@pytest.mark.terraform
def test_apply_makes_what_the_files_say_and_a_second_one_changes_nothing(terraform):
    assert terraform.apply() == Changes(add=1)
    assert terraform.apply() == Changes()
    assert not terraform.plan().any


@pytest.mark.terraform
def test_plan_tells_what_an_apply_would_do(terraform):
    assert terraform.plan() == Changes(add=1)


@pytest.mark.terraform
def test_outputs_are_values_by_name_and_hold_the_sensitive_ones(terraform):
    assert terraform.outputs() == {}
    terraform.apply()

    assert terraform.outputs() == {"room": "warm", "key": "secret"}


@pytest.mark.terraform
def test_show_describes_the_state(terraform):
    terraform.apply()

    (resource,) = terraform.show()["values"]["root_module"]["resources"]
    assert resource["address"] == "terraform_data.room"


@pytest.mark.terraform
def test_destroy_removes_everything(terraform):
    terraform.apply()

    assert terraform.destroy() == Changes(remove=1)
    assert terraform.outputs() == {}


@pytest.mark.terraform
def test_progress_names_the_resource(terraform, tmp_path):
    said: list[str] = []
    terraform._say = said.append

    terraform.apply()

    assert said == ["terraform init ...", "terraform_data.room: create ...", "terraform_data.room: create done"]


@pytest.mark.terraform
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('resource "terraform_data" "x" {\n', "terraform/wrong.tf line 1: Unclosed configuration block"),
        (
            'output "x" {\n  value = terraform_data.y.id\n}\n',
            "terraform/wrong.tf line 2: Reference to undeclared resource",
        ),
        ('output "x" {\n  valeu = 1\n}\n', "terraform/wrong.tf line 2: Unsupported argument"),
    ],
    ids=["unclosed block", "undeclared resource", "misspelt argument"],
)
def test_a_mistake_in_a_file_is_named_with_its_line(terraform, tmp_path, text, message):
    (tmp_path / "wrong.tf").write_text(text)

    with pytest.raises(TerraformFailed) as raised:
        terraform.apply()

    assert message in str(raised.value)
    assert raised.value.exit_code == 1
    assert not raised.value.applied
    assert message.split(":")[0] in [diagnostic.place for diagnostic in terraform.validate()]


def test_a_misspelt_method_is_an_error_and_not_a_command(tmp_path):
    terraform = Terraform(tmp_path, os.environ, Path("/no/terraform"))

    with pytest.raises(AttributeError, match="no method aply"):
        terraform._library.aply()


def test_terraform_that_does_not_end_is_stopped(tmp_path, program: Callable[[str], Path]):
    terraform = Terraform(tmp_path, os.environ, program("exec sleep 60"), within_s=0.3)

    with pytest.raises(LabError, match=r"terraform init did not end within 0 s and was stopped"):
        terraform.apply()


def test_terraform_never_waits_for_an_answer(tmp_path, program):
    (tmp_path / ".terraform").mkdir()
    terraform = Terraform(tmp_path, os.environ, program('read answer || echo "no answer" >&2; exit 1'), within_s=10)

    with pytest.raises(TerraformFailed, match="no answer"):
        terraform.apply()


def test_the_flag_that_terraform_removed_is_not_sent(tmp_path, program):
    (tmp_path / ".terraform").mkdir()
    Terraform(tmp_path, os.environ, program('echo "$@" > arguments'), within_s=10).destroy()

    arguments = (tmp_path / "arguments").read_text().split()
    assert "-auto-approve" in arguments
    assert not any(argument.startswith("-force") for argument in arguments)


def test_files_for_variables_are_removed(tmp_path, program):
    (tmp_path / ".terraform").mkdir()
    Terraform(tmp_path, os.environ, program('echo "$@" > arguments'), within_s=10).plan()

    for argument in (tmp_path / "arguments").read_text().split():
        name, _, value = argument.partition("=")
        assert name != "-var-file" or not Path(value).exists()


def test_missing_providers_are_installed_once_and_the_command_repeated(tmp_path, program):
    (tmp_path / ".terraform").mkdir()
    fake = program(
        'echo "$1" >> calls\n[ "$1" = init ] && exit 0\n[ $(grep -c apply calls) = 1 ] && '
        '{ echo "Required plugins are not installed" >&2; exit 1; }\nexit 0'
    )

    Terraform(tmp_path, os.environ, fake, within_s=10).apply()

    assert (tmp_path / "calls").read_text().split() == ["apply", "init", "apply"]


STARTED = (
    '{"@level":"info","type":"version","terraform":"1.11.4"}',
    '{"@level":"info","type":"apply_start","hook":{"resource":{"addr":"aws_iot_thing.house"},"action":"create"}}',
)


@pytest.mark.parametrize(
    ("end", "message"),
    [
        (
            "kill -9 $$",
            "terraform apply was ended from outside, by signal SIGKILL: "
            "somebody killed it, or the system ran out of memory",
        ),
        ("exit 2", "terraform apply ended with exit code 2 and its output stops short of a reason"),
        ('printf \'{"@level":"err\'; exit 1', "terraform apply ended with exit code 1 and its output stops short of"),
        (
            """echo '{"type":"diagnostic","diagnostic":{"severity":"error","summary":"Plugin did not respond",'\\
'"detail":"The plugin encountered an error, and failed to respond to the plugin6.(*GRPCProvider) call."}}'; exit 1""",
            "terraform apply lost its provider in the middle: somebody killed it, it crashed, or the system ran out of memory",
        ),
        (
            "echo 'fatal error: runtime: out of memory' >&2; exit 2",
            "terraform apply ended because the machine lacks memory or space: fatal error: runtime: out of memory",
        ),
    ],
    ids=["killed", "ended without a reason", "output cut", "provider killed", "out of memory"],
)
def test_a_terraform_that_ends_suddenly_is_told_in_words(tmp_path, program, end, message):
    (tmp_path / ".terraform").mkdir()
    said = "".join(f"echo '{line}'\n" for line in STARTED)

    with pytest.raises(LabError) as raised:
        Terraform(tmp_path, os.environ, program(said + end), within_s=10).apply()

    assert not isinstance(raised.value, TerraformFailed)
    assert message in str(raised.value)
    assert "the last that it said: aws_iot_thing.house: create ..." in str(raised.value)
    assert "Your files are not the reason, and no points are lost." in str(raised.value)
    assert str(raised.value).endswith("next  run the same command again: Terraform goes on where it stopped")
    assert "{" not in str(raised.value)


@pytest.mark.parametrize("action", ["init", "apply", "plan", "show", "outputs", "validate", "destroy"])
@pytest.mark.parametrize("end", ["kill -9 $$", "exit 137", "exit 1"])
def test_a_terraform_that_ends_without_a_word_is_nobodys_fault(tmp_path, program, action, end):
    (tmp_path / ".terraform").mkdir()

    with pytest.raises(LabError) as raised:
        getattr(Terraform(tmp_path, os.environ, program(end), within_s=10), action)()

    assert raised.value.exit_code == 3
    assert "Your files are not the reason, and no points are lost." in str(raised.value)


def test_a_refusal_that_only_speaks_of_memory_is_still_a_refusal(tmp_path, program):
    """The size of a function's memory is the learner's."""
    (tmp_path / ".terraform").mkdir()
    said = '{"type":"diagnostic","diagnostic":{"severity":"error","summary":"expected memory_size to be at least 128"}}'

    with pytest.raises(TerraformFailed, match="expected memory_size"):
        Terraform(tmp_path, os.environ, program(f"echo '{said}'; exit 1"), within_s=10).apply()


FORGED = """
{"type":"diagnostic","diagnostic":null}
{"type":"diagnostic","diagnostic":{"severity":"error","summary":["x"],"range":{"start":null,"filename":{}},"snippet":5}}
{"type":"diagnostic","diagnostic":{"severity":"error","summary":"real","range":{"start":{"line":"2"},"filename":"iot.tf"}}}
{"type":"apply_start","hook":null}
{"type":"apply_progress","hook":{"resource":7}}
{"type":"change_summary","changes":null}
{"type":"change_summary","changes":{"operation":"apply","add":"many"}}
"""


@pytest.mark.parametrize("ending", ["0", "1"])
def test_lines_that_a_provisioners_program_forges_among_terraforms_do_no_harm(tmp_path, program, ending):
    """It finds Terraform's standard output among the descriptors of its parent."""
    (tmp_path / ".terraform").mkdir()
    said = FORGED + "[" * 100_000
    (tmp_path / "said").write_text(said)
    terraform = Terraform(tmp_path, os.environ, program(f"cat {tmp_path}/said; exit {ending}"), within_s=10)

    if ending == "0":
        assert terraform.apply() == Changes()
    else:
        with pytest.raises(TerraformFailed, match="real"):
            terraform.apply()


@pytest.mark.parametrize(
    "said",
    [
        "operation error IAM: CreateRole, EntityAlreadyExists: Role with name iot_role already exists.",
        "operation error DynamoDB: CreateTable, ResourceInUseException: Table already exists: Temperature",
        "operation error Lambda: CreateFunction, ResourceConflictException: Function already exist: ac_control_lambda",
        "operation error Timestream Write: CreateDatabase, ConflictException: A database with the name iot already exists.",
        "operation error QuickSight: CreateDataSet, ResourceExistsException: DataSet readings already exists",
    ],
    ids=["role", "table", "function", "database", "data set"],
)
def test_what_exists_though_the_state_does_not_list_it_is_not_told_as_a_mistake_in_a_file(said):
    refused = Diagnostic("error", said, filename="iam.tf", line=7)

    told = str(TerraformFailed("apply", [refused], applied=True))

    assert "It exists already, but not as this resource" in told
    assert "lab reset-cloud" in told and "terraform import" in told
    assert "correct terraform/iam.tf" not in told


def test_a_mistake_in_a_file_comes_before_what_exists_already():
    exists = Diagnostic("error", "EntityAlreadyExists: Role with name r already exists.", filename="iam.tf", line=7)
    wrong = Diagnostic("error", "Unsupported argument", filename="iot.tf", line=9)

    assert "correct terraform/iot.tf line 9" in str(TerraformFailed("apply", [exists, wrong]))


def test_another_terraform_in_the_folder_is_waited_for_and_then_told(tmp_path, program):
    (tmp_path / ".terraform").mkdir()
    said = '{"type":"diagnostic","diagnostic":{"severity":"error","summary":"Error acquiring the state lock","detail":"x"}}'
    fake = program(f"echo \"$@\" > arguments; echo '{said}'; exit 1")

    with pytest.raises(LabError, match="Another Terraform works on this workspace's state") as raised:
        Terraform(tmp_path, os.environ, fake, within_s=10).apply()

    assert "-lock-timeout=60s" in (tmp_path / "arguments").read_text().split()
    assert not isinstance(raised.value, TerraformFailed)
    assert "-lock=false" not in str(raised.value)


def test_outputs_are_read_from_a_state_of_the_known_version_only():
    state = b'{"version": 4, "outputs": {"a": {"value": ["x"], "type": ["list", "string"]}, "b": {"value": 1}}}'

    assert outputs_in_state(state) == {"a": ["x"], "b": 1}
    assert outputs_in_state(state.replace(b"4", b"5")) is None
    assert outputs_in_state(b"") is None


@pytest.mark.terraform
def test_the_state_file_holds_the_outputs_that_terraform_tells(terraform, tmp_path):
    terraform.apply()

    assert outputs_in_state((tmp_path / "terraform.tfstate").read_bytes()) == terraform.outputs()
