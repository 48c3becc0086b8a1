"""Amazon Data Firehose with S3 as destination: records put directly are buffered, transformed and written as objects.

moto keeps the delivery streams. Not served, and refused when a stream is created: other sources and destinations,
dynamic partitioning, format conversion, backups of the source records, encryption with KMS keys, Snappy.
"""

from labcloud.firehose.configuration import check_create, check_update
from labcloud.firehose.service import Firehose

__all__ = ["Firehose", "check_create", "check_update"]
