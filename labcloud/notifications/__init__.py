"""What S3 and SNS send to others: bucket notifications, and a topic's messages to its subscribers.

moto keeps buckets, topics and subscriptions and says what happened; who may be told is decided by the target's own
policy, and the telling is done here. Not served: e-mail, SMS and mobile subscribers (their messages stay in moto).
"""

from labcloud.notifications.buckets import BucketNotifications
from labcloud.notifications.fanout import FanOut
from labcloud.notifications.signing import Signer

__all__ = ["BucketNotifications", "FanOut", "Signer"]
