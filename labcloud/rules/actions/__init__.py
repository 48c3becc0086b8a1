"""The rule actions that are served, by their names in the API; any other is refused when the rule is created."""

from __future__ import annotations

from collections.abc import Mapping

from labcloud.rules.actions import dynamodbv2, lambda_, republish, timestream
from labcloud.rules.actions.base import Action

ACTIONS: Mapping[str, Action] = {
    "dynamoDBv2": dynamodbv2.ACTION,
    "lambda": lambda_.ACTION,
    "republish": republish.ACTION,
    "timestream": timestream.ACTION,
}
