"""Where services send events of their own accord: functions, state machines, queues, topics, streams,
buses, log groups; with retries.

Used by EventBridge rules, EventBridge Scheduler and Lambda's destinations, which decide who may send.
"""

from labcloud.outlets.attempts import Attempts, GivenUp, RetryPolicy
from labcloud.outlets.send import ACTIONS, Outlets, Parcel, service_of

__all__ = ["ACTIONS", "Attempts", "GivenUp", "Outlets", "Parcel", "RetryPolicy", "service_of"]
