"""EventBridge: rules with schedules fire on the lab clock, rules with patterns match what PutEvents and S3 bring.

Served: targets Lambda, SQS, SNS, CloudWatch Logs, Kinesis, Firehose, other buses; inputs and their transformation;
retries and dead-letter queues. Refused when a rule is made: other targets, and patterns for events nobody makes here.
"""

from labcloud.events.bus import EventBus, pattern_of
from labcloud.events.delivery import Delivery
from labcloud.events.schedules import ScheduleKeeper, scheduled_event
from labcloud.events.targets import check_rule, check_targets

__all__ = ["Delivery", "EventBus", "ScheduleKeeper", "check_rule", "check_targets", "pattern_of", "scheduled_event"]
