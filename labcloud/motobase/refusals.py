"""moto's two families of exceptions as AwsError, for calls into moto's backends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from moto.core.exceptions import ServiceException
from werkzeug.exceptions import HTTPException

from labcloud.errors import AwsError


@contextmanager
def as_aws_errors(statuses: dict[str, int] | None = None) -> Iterator[None]:
    """Inside it, what moto raises comes out as AwsError; `statuses` gives codes whose HTTP status is not 400."""
    try:
        yield
    except ServiceException as error:
        status = (statuses or {}).get(error.code, 400)
        raise AwsError(str(error.message), code=error.code, status=status) from error
    except HTTPException as error:
        code = str(getattr(error, "error_type", type(error).__name__)).split("#")[-1]
        raise AwsError(str(getattr(error, "message", error)), code=code, status=error.code or 400) from error
