"""CloudWatch that is alive: the metrics of AWS IoT, and alarms that look at their metrics and notify.

moto keeps metrics and alarms. Not served, and refused: metric math, anomaly detection, percentiles and composite alarms.
"""
