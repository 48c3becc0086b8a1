"""S3 Lifecycle: objects expire and change their storage class at the midnights (UTC) of the lab clock.

Served: expiration by days and date, of noncurrent versions, of delete markers; incomplete uploads; transitions.
"""

from labcloud.lifecycle.service import Lifecycle

__all__ = ["Lifecycle"]
