"""CloudWatch that is alive: the metrics of AWS IoT, and alarms that look at their metrics and notify.

moto keeps metrics and alarms. Not served, and refused: metric math, anomaly detection, percentiles and composite alarms.
"""

from labcloud.monitoring.alarms import Alarms, check_composite_alarm, check_metric_alarm
from labcloud.monitoring.counters import Counters
from labcloud.monitoring.notices import Notices

__all__ = ["Alarms", "Counters", "Notices", "check_composite_alarm", "check_metric_alarm"]
