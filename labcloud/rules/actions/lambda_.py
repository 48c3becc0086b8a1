"""Action lambda: the result becomes the event of an asynchronous invocation.

Source: AWS IoT Core Developer Guide, "Lambda". Binary results are not taken: encode them in the SQL.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from labcloud.api import Scope
from labcloud.rules.actions.base import Action, ActionFailed, Result
from labcloud.rules.deliveries import InvokeFunction


def plan(parameters: Mapping[str, Any], result: Result, scope: Scope) -> InvokeFunction:
    """One invocation."""
    try:
        json.loads(result.payload)
    except ValueError as error:
        raise ActionFailed("The Lambda action needs a JSON result; encode a binary payload in the SQL.") from error
    return InvokeFunction(parameters["functionArn"], result.payload)


ACTION = Action(plan, required=("functionArn",), literal=(), known=("functionArn",))
