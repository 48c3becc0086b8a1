"""Execution of Lambda functions without Docker: the learner's package with its real handler in a process of its own.

Served: Python runtimes, time-out, memory limit, role credentials, log lines, layers, warm workers, asynchronous
invocation with retries. Refused at invocation: every other runtime. The control plane (CreateFunction …) is not here.
"""

from labcloud.awslambda.events import EventOutcome, destination_record
from labcloud.awslambda.model import Credentials, FunctionConfig, InvokeResult
from labcloud.awslambda.package import check_package
from labcloud.awslambda.runtime import LambdaRuntime

__all__ = [
    "Credentials",
    "EventOutcome",
    "FunctionConfig",
    "InvokeResult",
    "LambdaRuntime",
    "check_package",
    "destination_record",
]
