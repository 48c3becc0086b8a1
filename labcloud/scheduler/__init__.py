"""EventBridge Scheduler: schedules that fire on the lab clock with their role's permissions.

Served: rate, cron, at, time zones, start and end, flexible windows, retries, dead-letter queues, groups; targets Lambda,
SQS, SNS, Kinesis, Firehose, EventBridge, and API operations ("universal targets") that the local cloud serves. Other
targets, and KMS keys, are refused when the schedule is created.
"""

from labcloud.scheduler.firing import Firing, context_of
from labcloud.scheduler.keeper import Keeper
from labcloud.scheduler.model import StoredSchedule
from labcloud.scheduler.service import Scheduler

__all__ = ["Firing", "Keeper", "Scheduler", "StoredSchedule", "context_of"]
