"""Amazon Timestream for LiveAnalytics on DuckDB: databases, tables, WriteRecords and the query language.

Not served, and refused by name: batch load, account settings, query parameters.
"""

from labcloud.timestream.api import Timestream
from labcloud.timestream.errors import RejectedRecordsException
from labcloud.timestream.tables import tables_of

__all__ = ["RejectedRecordsException", "Timestream", "tables_of"]
