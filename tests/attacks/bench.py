"""Runs attacks as a judge would run a submission's programs. Started at a desk; one JSON request in, one event a line out."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from checker.cloud_process import start_cloud, stop_cloud  # noqa: E402
from checker.deployment import Deployment  # noqa: E402
from checker.errors import LabError  # noqa: E402
from checker.grading.judge import Judge  # noqa: E402
from checker.target import Target, local_target  # noqa: E402
from checker.verbs.pipeline import PipelineVerbs, find_secrets  # noqa: E402
from checker.verbs.unit_tests import run_unit_tests  # noqa: E402

TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}  # fmt: skip


class Bench(Judge):
    """A judge that runs single programs instead of checks."""

    def judge(self) -> None:
        self._make_folders()
        (self._place / "home" / "secret").write_text(self._request["secret"])
        cloud = start_cloud(self._home, attached=True, **self._cloud_options())
        deployment = Deployment(self.workspace, local_target(cloud), run=self._runner(cloud))
        try:
            for attack in self._request["attacks"]:
                self._tell("tried", name=attack["name"], **self._try(attack, deployment))
        finally:
            stop_cloud(self._home)

    def _try(self, attack: dict[str, Any], deployment: Deployment) -> dict[str, Any]:
        self.workspace.terraform.mkdir(exist_ok=True)
        for name, text in attack["files"].items():
            place = self.workspace.folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
            place.chmod(0o755)
        try:
            if attack["way"] == "lambda":
                return _invoke(attack, deployment.target)
            done = self._run(attack, deployment) if attack["way"] != "checks" or "run" in attack else {"output": ""}
            return done if attack["way"] != "checks" else _check(attack, deployment, done["output"])
        except LabError as error:
            return {"output": str(error), "code": -1, "timed_out": False}
        finally:
            for left in self.workspace.folder.iterdir():
                if left.name not in (".git", ".lab"):
                    subprocess.run(["rm", "-rf", str(left)], check=True)

    def _run(self, attack: dict[str, Any], deployment: Deployment) -> dict[str, Any]:
        folder, environment = self.workspace.folder, deployment.environment()
        commands = [["bash", "-c", attack["run"]]] if "run" in attack else [
            ["terraform", "init", "-no-color"], ["terraform", "apply", "-no-color", "-auto-approve"],
        ]  # fmt: skip
        commands += [["bash", "-c", attack["then"]]] if "then" in attack else []
        output = ""
        for command in commands:
            cwd = folder / "terraform" if command[0] == "terraform" else folder
            done = deployment.run(command, cwd=cwd, env=environment, within_s=attack.get("within_s", 20))
            output += done.stdout + done.stderr
        return {"output": output, "code": done.returncode, "timed_out": done.timed_out}


def _check(attack: dict[str, Any], deployment: Deployment, before: str) -> dict[str, Any]:
    """What the checks of the pipeline and of the function's modules find in the attack's files; reads them as they do."""
    found = [before]
    if ".gitlab-ci.yml" in attack["files"]:
        ran = PipelineVerbs(deployment, lambda: "").run()
        found += [*ran.problems, *(job.log for job in ran.result.jobs)] if ran.result else ran.problems
        found += [repr(content) for _, content in ran.packages]
    else:
        tests = run_unit_tests(deployment.workspace, deployment.environment(), deployment.run)
        found += [str(tests.passed), *tests.failures, tests.output]
    found += list(find_secrets(deployment.workspace))
    return {"output": "\n".join(found), "code": 0, "timed_out": False}


def _invoke(attack: dict[str, Any], target: Target) -> dict[str, Any]:
    """Makes a function of the attack's code and invokes it once."""
    name, packed = attack["name"].replace("/", "_"), io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("attack.py", attack["code"])
    role = target.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    functions = target.client("lambda")
    functions.create_function(
        FunctionName=name, Runtime="python3.13", Role=role, Handler="attack.handler", Timeout=attack.get("within_s", 5),
        MemorySize=256, Code={"ZipFile": packed.getvalue()},
    )  # fmt: skip
    answer = functions.invoke(FunctionName=name, Payload=b"{}", LogType="Tail")
    return {"output": answer["Payload"].read().decode(), "code": int("FunctionError" in answer), "timed_out": False}


def main() -> None:
    events = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    Bench(
        json.loads(sys.stdin.read()),
        lambda event, **content: print(json.dumps({"event": event, **content}), file=events),
    ).judge()


if __name__ == "__main__":
    main()
