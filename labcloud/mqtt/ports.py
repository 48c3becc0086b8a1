"""What the broker needs from the rest of the cloud, as Protocols, and the values that cross this border."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from labcloud.mqtt.message import Message
    from labcloud.mqtt.topics import BasicIngest, ShadowRequest

Action = Literal["iot:Connect", "iot:Publish", "iot:Subscribe", "iot:Receive", "iot:RetainPublish"]


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated peer. `id` is the certificate id, or for WebSocket the caller's unique id."""

    id: str
    arn: str
    account_id: str
    region: str
    thing_names: tuple[str, ...] = ()
    exclusive_thing_name: str | None = None
    access_key_id: str = ""
    """Of a peer that signed its WebSocket: whose IAM policies decide."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a peer is not let in; one sentence for log and trace."""

    reason: str


@dataclass(frozen=True, slots=True)
class Context:
    """What a policy's conditions and variables may look at in one connection."""

    client_id: str
    source_ip: str
    thing_name: str | None = None
    """`iot:Connection.Thing.ThingName`: the principal's exclusive thing, else an attached one named like the client id."""
    connect_attributes: tuple[str, ...] = ()
    """`iot:ConnectAttributes`: PersistentConnect, LastWill."""
    last_will_topic: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    allowed: bool
    reason: str = ""


class Principals(Protocol):
    """Knows certificates."""

    def principal_of(self, der: bytes) -> Principal | Refusal:
        """Who presents this certificate; a refusal if it is unknown or not ACTIVE."""


class Policies(Protocol):
    """Decides by IoT policies. Decisions are remembered per connection until `epoch` rises."""

    epoch: int
    """A number that rises whenever a policy, an attachment, a certificate or a thing changes."""

    def decide(self, principal: Principal, action: Action, resource_arn: str, context: Context) -> Decision:
        """May the principal do this? The reason names the statement that denies or what is missing."""


class Listener(Protocol):
    """Gets every accepted message, in the broker's thread; must be quick and must not raise."""

    def message_published(self, message: Message) -> None:
        """Called before the message goes to subscribers. Basic Ingest does not pass here."""


class ReservedTopics(Protocol):
    """Serves the reserved topics that are requests to the cloud; called in the broker's thread, must be quick."""

    def basic_ingest(self, message: Message, request: BasicIngest) -> None:
        """A message for one rule only (`$aws/rules/<rule>/<topic>`), which no subscriber gets."""

    def shadow_request(self, message: Message, request: ShadowRequest) -> None:
        """A get, update or delete of a shadow; answers are published with `system=True`."""


class Trace(Protocol):
    """Keeps the way of each message; optional, and cheap when absent."""

    def begin(self, topic: str = "", client_id: str | None = None) -> str:
        """A new trace id, of a message or of something about a connection."""

    def note(self, trace_id: str, text: str, arguments: tuple[object, ...] = ()) -> None:
        """One step of the message or connection with this id; the arguments go into the %-places of the text."""
