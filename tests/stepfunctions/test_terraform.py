"""State machines and what starts them by real Terraform; a message, an event and a schedule then start executions."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.motobase.terraform import Terraform
from tests.running import Lab
from tests.terraform_life import whole_life


@pytest.mark.terraform
@pytest.mark.skipif(shutil.which("terraform") is None, reason="Terraform is not installed")
def test_state_machine_applies_replans_without_change_runs_updates_and_is_destroyed(lab: Lab, tmp_path: Path) -> None:
    configuration = Path(__file__).parent / "configurations" / "machine"

    def deployed() -> None:
        lab.publish("machine/1", {"t": 41})

    def updated() -> None:
        lab.publish("machine/1", {"t": 42})
        lab.events.put_events(Entries=[{"Source": "house", "DetailType": "d", "Detail": json.dumps({"t": 43})}])
        lab.cloud.clock.advance(86_401)
        assert lab.cloud.settle()
        items = lab.dynamodb.scan(TableName="machine-readings")["Items"]
        assert {int(item["t"]["N"]) for item in items} >= {2, 41, 42, 43}
        editions = {item["id"]["S"].split("-")[0] for item in items if item["t"]["N"] in ("41", "42")}
        assert editions == {"edition1", "edition2"}

    terraform = Terraform(configuration, tmp_path, lab.cloud.endpoint_url)
    whole_life(terraform, configuration, deployed=deployed, updated=updated)
    names = [machine["name"] for machine in lab.stepfunctions.list_state_machines()["stateMachines"]]
    assert not [name for name in names if name.endswith("-of-terraform")]
