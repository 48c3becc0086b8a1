"""The provider that a submission's runs of Terraform share: who attaches, and who must not."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from checker.grading.provider import VARIABLE, Prepared, ProviderOfOne, settings_digest
from checker.process import Finished

SETTINGS = "terraform {\n}\n"
AWS = {"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "test", "HOME": "/nowhere", "PATH": os.defpath}


class FakeStarted:
    """A provider's box that runs until it is ended."""

    def __init__(self) -> None:
        self._ended = threading.Event()

    @property
    def is_alive(self) -> bool:
        return not self._ended.is_set()

    def wait(self, _within_s: float) -> None:
        self._ended.wait()

    def end(self) -> None:
        self._ended.set()


class FakeRunner:
    """Notes what is run and with which environment; a provider says at once where it listens."""

    def __init__(self) -> None:
        self.ran: list[tuple[list[str], dict[str, str]]] = []
        self.started: list[FakeStarted] = []
        self.answer = Finished(0, "", "")

    def __call__(self, command: Sequence[Any], *, cwd: Path, env: Mapping[str, str], **_: Any) -> Finished:
        self.ran.append(([*map(str, command)], dict(env)))
        return self.answer

    def start(self, _command: Any, *, on_line: Any, **_: Any) -> FakeStarted:
        self.started.append(FakeStarted())
        on_line('{"Addr": "here"}')
        return self.started[-1]


class Submission:
    """A folder with Terraform's files, and the runner for it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.shared, self.fake = folder / "terraform", folder / "shared", FakeRunner()
        for place in (self.folder, self.shared):
            place.mkdir(parents=True)
        (self.folder / "iot.tf").write_text('resource "aws_iot_thing" "house" {\n}\n')
        program = folder / "provider"
        program.touch()
        prepared = Prepared(str(program), str(folder / "schema"), (), "lock", SETTINGS)
        self.runner = ProviderOfOne(self.fake, self.fake, self.folder, prepared, self.shared, folder)  # type: ignore[arg-type]

    def terraform(self, command: str, env: Mapping[str, str] = AWS, binary: str = "/bin/terraform") -> bool:
        """Runs Terraform; did it attach?"""
        self.runner([binary, command], cwd=self.folder, env=env, within_s=1)
        return VARIABLE in self.fake.ran[-1][1]

    def script(self, command: str, env: Mapping[str, str]) -> str:
        """What a script's terraform sees of the provider, with the wrapper first in its PATH."""
        path = f"{self.shared / 'tools'}:{os.defpath}"
        done = subprocess.run(
            ["sh", "-c", command], cwd=self.folder.parent, env={**env, "PATH": path}, capture_output=True, text=True
        )
        return done.stdout.strip() + done.stderr


@pytest.fixture
def submission(tmp_path: Path) -> Submission:
    return Submission(tmp_path)


def with_echo(submission: Submission) -> None:
    """Applies once with a `terraform` that says what it attaches to."""
    echo = submission.folder.parent / "terraform-echo" / "terraform"
    echo.parent.mkdir()
    echo.write_text(f"#!/bin/sh\necho attached to ${VARIABLE}\n")
    echo.chmod(0o755)
    submission.terraform("apply", binary=str(echo))


def test_all_runs_share_one_provider(submission: Submission):
    assert [submission.terraform(command) for command in ("apply", "show", "destroy")] == [True, True, True]
    assert len(submission.fake.started) == 1


def test_init_and_files_that_only_plain_terraform_does_right_stay_plain(submission: Submission):
    assert not submission.terraform("init")
    (submission.folder / "more.tf").write_text('provider "aws" {\n  alias = "other"\n}\n')
    assert not submission.terraform("apply")


def test_another_environment_gets_another_provider(submission: Submission):
    submission.terraform("apply")
    submission.terraform("apply", {**AWS, "AWS_REGION": "us-east-1"})
    assert [started.is_alive for started in submission.fake.started] == [False, True]


def test_a_run_that_the_provider_broke_is_repeated_without_it(submission: Submission):
    submission.fake.answer = Finished(1, "", "Error: Failed to load plugin schemas")
    assert not submission.terraform("apply")
    assert [VARIABLE in env for _, env in submission.fake.ran] == [True, False]


def test_a_learners_own_mistake_is_not_repeated(submission: Submission):
    submission.fake.answer = Finished(1, "", "Error: Unsupported argument")
    assert submission.terraform("apply")
    assert len(submission.fake.ran) == 1


def test_a_known_init_is_done_without_terraform(submission: Submission):
    (submission.folder / "versions.tf").write_text(SETTINGS)
    submission.runner(["terraform", "init"], cwd=submission.folder, env=AWS, within_s=1)
    assert submission.fake.ran == []
    assert (submission.folder / ".terraform.lock.hcl").read_text() == "lock"


def test_a_scripts_terraform_attaches_in_the_deployed_folder(submission: Submission):
    with_echo(submission)
    assert submission.script("terraform -chdir=terraform destroy", AWS) == (
        'attached to {"registry.terraform.io/hashicorp/aws": {"Addr": "here"}}'
    )
    assert "here" in submission.script("export AWS_DEFAULT_REGION=$AWS_REGION; cd terraform; terraform show", AWS)


@pytest.mark.parametrize(
    ("command", "changed"),
    {
        "in another folder": ("mkdir other; cd other; terraform destroy", {}),
        "for another account": ("terraform -chdir=terraform destroy", {"AWS_ACCESS_KEY_ID": "other"}),
        "for init": ("terraform -chdir=terraform init", {}),
        "after the files changed": ("echo >> terraform/iot.tf; terraform -chdir=terraform destroy", {}),
    }.values(),
    ids=lambda value: str(value)[:40],
)
def test_a_scripts_terraform_is_plain(submission: Submission, command: str, changed: dict[str, str]):
    with_echo(submission)
    assert submission.script(command, AWS | changed) == "attached to"


def test_a_scripts_terraform_is_plain_after_the_provider_ended(submission: Submission):
    with_echo(submission)
    submission.runner.close()
    assert submission.script("terraform -chdir=terraform destroy", AWS) == "attached to"


def test_the_default_region_is_not_what_a_provider_reads_beside_the_region():
    assert settings_digest(AWS) == settings_digest({**AWS, "AWS_DEFAULT_REGION": "x"})
    assert settings_digest(AWS) != settings_digest({**AWS, "HTTPS_PROXY": "x"})
