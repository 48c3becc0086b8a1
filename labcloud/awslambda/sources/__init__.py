"""Event source mappings: SQS queues, Kinesis streams and DynamoDB streams that invoke functions.

Served: batches, batching windows, filters, partial batch responses, retries, bisection, failure destinations. Refused
at creation: other sources, tumbling windows, parallel batches of a shard, provisioned pollers, KMS keys.
"""

from labcloud.awslambda.sources.mappings import EventSourceMappings
from labcloud.awslambda.sources.poller import Pollers

__all__ = ["EventSourceMappings", "Pollers"]
