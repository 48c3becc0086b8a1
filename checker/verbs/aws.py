"""AWS errors as a check sees them: not found is an answer, no access to the cloud is ours, a lacking service nobody's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError

from checker.checks.expectation import NotAvailable
from checker.errors import LabError, TargetDown

NOT_FOUND = {
    "ResourceNotFoundException",
    "NoSuchEntity",
    "NoSuchEntityException",
    "NotFoundException",
    "NoSuchBucket",
    "ResourceNotFound",
}
LACKING = {"NotImplementedException", "NotImplemented", "UnknownOperationException", "UnsupportedOperation", "501"}
CLOSED = "only existing Timestream"


def error_code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def error_text(error: ClientError) -> str:
    """`AccessDeniedException: …`, as AWS said it."""
    return f"{error_code(error)}: {error.response.get('Error', {}).get('Message', '')}"


@contextmanager
def aws_answers() -> Iterator[None]:
    """Turns what is not the learner's fault into the exceptions that say so."""
    try:
        yield
    except (EndpointConnectionError, ConnectionClosedError, BotoConnectionError) as error:
        if re.search(r"//(?:127\.0\.0\.1|localhost)[:/]", str(error)):
            raise TargetDown(f"The local cloud does not answer: {error}", next_step="lab logs, then lab up") from error
        raise TargetDown(f"AWS does not answer: {error}", next_step="look at your network") from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise LabError(f"AWS: {error}", next_step="aws configure, or --target aws:PROFILE:REGION") from error
    except ClientError as error:
        if error_code(error) in LACKING or error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 501:
            raise NotAvailable(f"the target does not serve this: {error_text(error)}") from error
        if error_code(error).isdigit() and not error.response["Error"].get("Message"):
            answer = f"it answers {error.operation_name} with HTTP {error_code(error)} and no reason"
            raise NotAvailable(f"the target does not serve this: {answer}") from error
        if CLOSED in error_text(error):
            raise NotAvailable(f"this AWS account has no access: {error_text(error)}") from error
        raise


def found_or_none(call: Any, **parameters: Any) -> Any:
    """What an AWS call answers, or None where AWS says that there is no such thing."""
    with aws_answers():
        try:
            return call(**parameters)
        except ClientError as error:
            if error_code(error) in NOT_FOUND:
                return None
            raise


def all_pages(client: Any, operation: str, key: str, **parameters: Any) -> list[Any]:
    """Everything that a listing operation lists."""
    with aws_answers():
        if client.can_paginate(operation):
            pages = client.get_paginator(operation).paginate(**parameters)
            return [entry for page in pages for entry in page.get(key, [])]
        found: list[Any] = []
        while True:
            page = getattr(client, operation)(**parameters)
            found += page.get(key, [])
            token = page.get("NextToken") or page.get("nextToken")
            if not token:
                return found
            parameters["NextToken" if "NextToken" in page else "nextToken"] = token
