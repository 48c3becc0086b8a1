"""The MQTT broker of the local AWS IoT Core: MQTT 3.1.1 and 5, QoS 0 and 1, without I/O (labcloud.shell.mqtt has it).

Where AWS IoT Core differs from the OASIS texts, AWS is followed. QoS 2, enhanced authentication and subscription
identifiers are refused, as there. What the broker needs from the rest of the cloud: ports.py.
"""

from labcloud.mqtt.broker import Broker, Published
from labcloud.mqtt.limits import Limits
from labcloud.mqtt.message import Message, Origin
from labcloud.mqtt.ports import Context, Decision, Principal, Refusal
from labcloud.mqtt.properties import MessageProperties
from labcloud.mqtt.topics import BasicIngest, ShadowRequest

PublishedMessage = Message

__all__ = ["BasicIngest", "Broker", "Context", "Decision", "Limits", "Message", "MessageProperties", "Origin"]
__all__ += ["Principal", "Published", "PublishedMessage", "Refusal", "ShadowRequest"]
