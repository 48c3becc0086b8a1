"""The warm provider with real Terraform: the same state as without, and plain Terraform wherever it does not hold."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from checker.process import Finished
from checker.terraform import Changes, TerraformFailed

pytestmark = pytest.mark.terraform
RANDOM = (
    r"[0-9a-f]{64}|-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----\\n|\d{4}-\d\d-\d\dT[\d:.]+Z|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}"
    r"-[0-9a-f]{12}|iot-\d{26}|terraform-\d{26}|AROA[A-Z0-9]+"
)


def without_random(state: dict[str, Any]) -> dict[str, Any]:
    """The state with every id, key and time that is new in each deployment made the same."""
    return dict(json.loads(re.sub(RANDOM, "~", json.dumps(state))))


def test_the_state_is_the_same_as_with_plain_terraform(ways):
    assert ways.plain.apply().add == 13
    plain = without_random(ways.plain.show())
    ways.plain.destroy()

    assert ways.warm.apply().add == 13

    assert ways.said == []
    assert without_random(ways.plain.show()) == plain
    assert without_random(ways.warm.show()) == plain
    assert ways.plain.plan() == ways.warm.plan() == Changes()


def test_a_type_that_is_new_in_the_files_is_served_by_the_same_provider(ways, extra_file):
    ways.warm.validate()
    before = ways.provider._warm.provider.process.pid
    extra_file.write_text('resource "aws_iot_thing_type" "new" {\n  name = "new"\n}\n')

    assert ways.warm.plan().add >= 1
    assert ways.provider._warm.provider.process.pid == before
    assert ways.said == []


def test_a_misspelt_type_gets_the_suggestion_of_plain_terraform(ways, extra_file):
    extra_file.write_text('resource "aws_iot_thign" "new" {\n  name = "new"\n}\n')

    assert ways.warm.validate() == ways.plain.validate()
    assert 'Did you mean "aws_iot_thing"?' in ways.warm.validate()[0].detail
    assert ways.said[0] == "plain Terraform: no type aws_iot_thign in the provider"


def test_a_mistake_is_told_in_the_same_words(ways, extra_file):
    extra_file.write_text('resource "aws_iot_thing" "new" {\n  name  = aws_iot_thing.nobody.name\n  nmae = 1\n}\n')
    told = []
    for terraform in (ways.plain, ways.warm):
        with pytest.raises(TerraformFailed) as raised:
            terraform.apply()
        told.append(str(raised.value))

    assert told[0] == told[1]
    assert ways.said == []


def test_a_provider_that_was_killed_is_started_again(ways):
    ways.warm.validate()
    os.killpg(ways.provider._warm.provider.reattach["Pid"], signal.SIGKILL)
    ways.provider._warm.provider.process.wait(5)

    assert ways.warm.plan() is not None
    assert ways.said == []


def test_a_provider_that_dies_in_a_run_makes_it_plain(ways, module_workspace):
    def kill_it_first(command, *, env, **rest) -> Finished:
        if "TF_REATTACH_PROVIDERS" in env:
            os.killpg(ways.provider._warm.provider.reattach["Pid"], signal.SIGKILL)
            ways.provider._warm.provider.process.wait(5)
        return run(command, env=env, **rest)

    run, ways.provider._run = ways.provider._run, kill_it_first

    assert ways.warm.validate() == []
    assert ways.said == ["the warm provider failed: once more with plain Terraform"]


def test_two_runs_at_once_do_not_share_the_provider(ways):
    with ways.provider.attached(ways.environment) as first:
        assert "TF_REATTACH_PROVIDERS" in first
        assert ways.warm.validate() == []

    assert ways.said == ["plain Terraform: another run uses the provider"]


def test_other_credentials_or_another_region_start_another_provider(ways):
    with ways.provider.attached(ways.environment):
        first = ways.provider._warm.provider
    with ways.provider.attached(ways.environment | {"TF_IN_AUTOMATION": "1"}):
        assert ways.provider._warm.provider is first
    with ways.provider.attached(ways.environment | {"AWS_REGION": "eu-central-1"}):
        assert ways.provider._warm.provider is not first
    assert not first.is_alive


def test_a_provider_of_the_callers_own_is_left_alone(ways):
    with ways.provider.attached(ways.environment | {"TF_REATTACH_PROVIDERS": "{}"}) as more:
        assert more == {}


def test_nothing_is_left_when_it_is_closed(ways):
    ways.provider.start(ways.environment)
    provider, sockets = ways.provider._warm.provider, ways.provider._sockets

    ways.provider.close()

    assert not provider.is_alive
    assert not sockets.exists()


DASHBOARD = """
resource "aws_quicksight_data_source" "lake" {
  data_source_id = "lake"
  name           = "lake"
  type           = "ATHENA"

  parameters {
    athena {
      work_group = "primary"
    }
  }
}

resource "aws_quicksight_data_set" "readings" {
  data_set_id = "readings"
  name        = "readings"
  import_mode = "DIRECT_QUERY"

  physical_table_map {
    physical_table_map_id = "readings"

    custom_sql {
      name            = "readings"
      data_source_arn = aws_quicksight_data_source.lake.arn
      sql_query       = "SELECT 1 AS temperature"

      columns {
        name = "temperature"
        type = "DECIMAL"
      }
    }
  }
}

resource "aws_quicksight_dashboard" "small" {
  dashboard_id        = "small"
  name                = "small"
  version_description = "one sheet"

  definition {
    data_set_identifiers_declarations {
      identifier   = "readings"
      data_set_arn = aws_quicksight_data_set.readings.arn
    }

    sheets {
      sheet_id = "temperature"
      name     = "Temperature"

      visuals {
        line_chart_visual {
          visual_id = "by-zone"

          chart_configuration {
            type = "LINE"
          }
        }
      }
    }
  }
}
"""


def without_empty(value: Any) -> Any:
    """The state without what says the same if it is absent."""
    if isinstance(value, dict):
        return {key: without_empty(each) for key, each in value.items() if each not in (None, [])}
    return [without_empty(each) for each in value] if isinstance(value, list) else value


def resources_in(state: Path) -> Any:
    """What a state file says of resources, but for what is new in each deployment or says nothing."""
    written = json.loads(state.read_text())["resources"]
    return without_empty(without_random({resource["type"]: resource for resource in written}))


def test_a_large_type_of_which_terraform_was_told_only_the_used_blocks_is_deployed_all_the_same(ways, only_file):
    state = only_file.with_name("terraform.tfstate")
    only_file.write_text(DASHBOARD)
    assert ways.warm.apply() == Changes(add=3)
    assert ways.provider._trimmed.left_out["aws_quicksight_dashboard"].below["definition"].blocks
    warm = resources_in(state)
    assert ways.plain.plan() == Changes()
    only_file.write_text(DASHBOARD.replace("one sheet", "another"))
    assert ways.warm.apply() == Changes(change=1)
    ways.warm.destroy()

    only_file.write_text(DASHBOARD)
    assert ways.plain.apply() == Changes(add=3)
    assert resources_in(state) == warm
    assert ways.warm.plan() == Changes()
    ways.warm.destroy()
    assert ways.said == []
