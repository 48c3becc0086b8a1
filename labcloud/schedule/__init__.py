"""Schedule expressions of EventBridge and EventBridge Scheduler: pure, the clock is the caller's."""

from labcloud.schedule.errors import ScheduleError
from labcloud.schedule.expressions import CronSchedule, OneTimeSchedule, RateSchedule, Schedule
from labcloud.schedule.parser import parse_schedule

__all__ = ["CronSchedule", "OneTimeSchedule", "RateSchedule", "Schedule", "ScheduleError", "parse_schedule"]
