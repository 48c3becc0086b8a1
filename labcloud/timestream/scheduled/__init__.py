"""Scheduled queries: their results go into another table, at the times of a schedule on the lab clock.

Query insights are refused by name; KMS keys are kept and not used.
"""

from labcloud.timestream.scheduled.runs import Runner
from labcloud.timestream.scheduled.service import ScheduledQueries
from labcloud.timestream.scheduled.timetable import Timetable

__all__ = ["Runner", "ScheduledQueries", "Timetable"]
