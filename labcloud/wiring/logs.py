"""CloudWatch Logs: moto keeps the lines; a retention that AWS has not is refused, and a function that subscribes without
letting Logs invoke it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from labcloud.api import ApiRequest, Served
from labcloud.errors import AwsError

if TYPE_CHECKING:
    from labcloud.cloud import Cloud

RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827),
    *(2192, 2557, 2922, 3288, 3653),
)
"""Source: CloudWatch Logs API Reference, PutRetentionPolicy."""


def check_retention(request: ApiRequest) -> None:
    """Log groups keep their events for certain numbers of days only. Raises AwsError InvalidParameterException."""
    days = request.parameters.get("retentionInDays")
    if days not in RETENTION_DAYS:
        listed = ", ".join(map(str, RETENTION_DAYS))
        raise AwsError(
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{listed}]",
            code="InvalidParameterException",
        )


SERVICE = "logs.amazonaws.com"
NOT_INVOKED = "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your function."


def serve(cloud: Cloud) -> Mapping[str, Served]:
    def check_subscription(request: ApiRequest) -> None:
        """A function that subscribes must let CloudWatch Logs invoke it for the group. Raises AwsError."""
        destination = request.parameters["destinationArn"]
        group_arn = request.scope.arn("logs", f"log-group:{request.parameters['logGroupName']}:*")
        if destination.split(":")[2:3] == ["lambda"]:
            try:
                cloud.functions.require_permission(request.scope, destination, SERVICE, group_arn)
            except AwsError as error:
                raise AwsError(NOT_INVOKED, code="InvalidParameterException") from error

    return {"logs": Served(checks={"PutRetentionPolicy": check_retention, "PutSubscriptionFilter": check_subscription})}
