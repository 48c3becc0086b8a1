"""AWS IoT's own logs and counters: what happens to clients, messages and rules, for CloudWatch.

The broker and the rules say what happens (`IotWatch`); entries go to the log group AWSIotLogsV2 as the account has set
its logging options, and counts to the metrics of AWS/IoT.
"""

from labcloud.iotlogging.options import LoggingOptions
from labcloud.iotlogging.watch import IotWatch

__all__ = ["IotWatch", "LoggingOptions"]
