"""What a Lambda function is to the executor, and what an invocation gives back: plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Credentials:
    """Temporary credentials of the function's role; `expires_at` in real epoch seconds, None: they never expire."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expires_at: float | None = None


@dataclass(frozen=True)
class FunctionConfig:
    """One version of a function. A change of anything that `generation_key` names starts fresh workers."""

    name: str
    arn: str
    version: str
    handler: str
    runtime: str
    timeout_s: int
    memory_mb: int
    environment: Mapping[str, str]
    code_sha256: str
    code_zip: bytes | Callable[[], bytes] = field(repr=False)
    role_credentials: Callable[[], Credentials] = field(repr=False)
    layers: tuple[bytes, ...] = field(default=(), repr=False)
    log_group: str = ""
    region: str = "us-east-1"
    account_id: str = "123456789012"
    reserved_concurrency: int | None = None
    """None: only the executor's own limit; 0: every invocation is throttled."""
    invoked_arn: str = ""
    """The ARN with which the function was invoked (an alias's, for example); does not part warm workers."""

    def __post_init__(self) -> None:
        if not self.log_group:
            object.__setattr__(self, "log_group", f"/aws/lambda/{self.name}")
        if not self.invoked_arn:
            object.__setattr__(self, "invoked_arn", self.version_arn)

    @property
    def version_arn(self) -> str:
        """The ARN of the version; $LATEST does not qualify it."""
        if self.version == "$LATEST" or self.arn.endswith(f":{self.version}"):
            return self.arn
        return f"{self.arn}:{self.version}"

    @property
    def generation_key(self) -> tuple[object, ...]:
        """Equal for two configurations whose invocations may share a warm worker."""
        return (
            self.arn,
            self.version,
            self.handler,
            self.runtime,
            self.timeout_s,
            self.memory_mb,
            tuple(sorted(self.environment.items())),
            self.code_sha256,
            tuple(hash(layer) for layer in self.layers),
            self.log_group,
            self.region,
        )

    def read_code(self) -> bytes:
        return self.code_zip if isinstance(self.code_zip, bytes) else self.code_zip()


@dataclass(frozen=True)
class InvokeResult:
    """What Invoke answers: `payload` is the function's JSON, or the error's when `function_error` is set."""

    payload: bytes
    function_error: str | None
    log_tail: bytes
    """The last 4 KB of this invocation's log lines, as LogType=Tail returns them (before base64)."""
    request_id: str
    duration_ms: float
    billed_duration_ms: int
    max_memory_mb: int
    init_duration_ms: float | None = None
    """Set for a cold start only."""
    executed_version: str = "$LATEST"
    status: int = 200
