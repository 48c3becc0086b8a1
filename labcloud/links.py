"""The links that AWS puts into messages, which anybody may open without a signature: confirmations, unsubscribing,
the certificate of SNS's signatures.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape

from labcloud.destinations import Destinations
from labcloud.errors import AwsError
from labcloud.motobase import topics
from labcloud.motobase.wire import WireResponse
from labcloud.notifications import Signer
from labcloud.notifications.signing import CERTIFICATE_PATH

CONFIRMATION_PATH = "/confirmdestination/"
SNS_ACTIONS = ("ConfirmSubscription", "Unsubscribe")


class Links:
    """Answers what is such a link and leaves the rest alone."""

    def __init__(self, destinations: Destinations, signer: Signer) -> None:
        self._destinations = destinations
        self._signer = signer

    def answer(self, path: str, query: Mapping[str, str]) -> WireResponse | None:
        """Answers a GET. None: it is not one of these links."""
        if path == CERTIFICATE_PATH:
            return WireResponse(200, {"Content-Type": "application/x-pem-file"}, self._signer.certificate_pem())
        if path.startswith(CONFIRMATION_PATH):
            return self._confirm_destination(path.removeprefix(CONFIRMATION_PATH))
        if path == "/" and query.get("Action") in SNS_ACTIONS:
            return _change_subscription(query)
        return None

    def _confirm_destination(self, token: str) -> WireResponse:
        confirmed = self._destinations.confirm(token)
        text = b"The destination is enabled." if confirmed else b"The confirmation token is not valid."
        return WireResponse(200 if confirmed else 400, {"Content-Type": "text/plain"}, text)


def _change_subscription(query: Mapping[str, str]) -> WireResponse:
    action = query["Action"]
    try:
        if action == "ConfirmSubscription":
            arn = topics.confirm_subscription(query.get("TopicArn", ""), query.get("Token", ""))
        else:
            arn = topics.unsubscribe(query.get("SubscriptionArn", ""))
    except AwsError as error:
        text = f"<ErrorResponse><Error><Code>{error.code}</Code><Message>{escape(error.message)}</Message></Error>"
        return _xml(error.status, f"{text}</ErrorResponse>")
    return _xml(
        200,
        f"<{action}Response><{action}Result><SubscriptionArn>{escape(arn)}</SubscriptionArn>"
        f"</{action}Result></{action}Response>",
    )


def _xml(status: int, text: str) -> WireResponse:
    return WireResponse(status, {"Content-Type": "text/xml"}, text.encode())
