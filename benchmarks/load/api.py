"""One client over a kept connection sends prepared DynamoDB requests, one after the other, and measures each."""

from __future__ import annotations

import json
import socket
import statistics
import sys
import time

AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/dynamodb/aws4_request, "
    "SignedHeaders=host;x-amz-date;x-amz-target, Signature=" + "0" * 64
)


def prepared(operation: str, body: dict[str, object]) -> bytes:
    """The bytes of a request."""
    data = json.dumps(body).encode()
    head = (
        "POST / HTTP/1.1\r\nHost: dynamodb.eu-west-1.localhost\r\nContent-Type: application/x-amz-json-1.0\r\n"
        f"X-Amz-Target: DynamoDB_20120810.{operation}\r\nX-Amz-Date: 20260101T000000Z\r\n"
        f"Authorization: {AUTHORIZATION}\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data


class Client:
    """A connection, made anew where the server keeps none; `ask` sends a request and returns its status."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self.body = b""

    def _connect(self) -> socket.socket:
        connected = socket.create_connection(("127.0.0.1", self._port))
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected

    def ask(self, request: bytes) -> int:
        self._socket = self._socket or self._connect()
        self._socket.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
        head, _, body = received.partition(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        while len(body) < length:
            body += self._more()
        self.body = body
        if head.startswith(b"HTTP/1.0") or b"\r\nconnection: close" in head.lower():
            self._socket.close()
            self._socket = None
        return int(head.split(None, 2)[1])

    def _more(self) -> bytes:
        assert self._socket is not None
        piece = self._socket.recv(65536)
        if not piece:
            raise ConnectionError("the server hung up")
        return piece


def reading(number: int) -> dict[str, object]:
    """An item like those of the course."""
    return {
        "id": {"S": f"reading-{number}"},
        "sensor": {"S": "house/kitchen/temperature"},
        "celsius": {"N": "21.5"},
        "at": {"N": str(1_700_000_000 + number)},
    }


def main() -> None:
    asked = json.loads(sys.argv[1])
    client, table, count = Client(asked["port"]), {"TableName": "readings"}, int(asked["count"])
    if asked.get("create"):
        schema = {"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "id", "AttributeType": "S"}
        request = {**table, "KeySchema": [schema[0]], "AttributeDefinitions": [schema[1]]}
        client.ask(prepared("CreateTable", {**request, "BillingMode": "PAY_PER_REQUEST"}))
    if asked["operation"] == "PutItem":
        requests = [prepared("PutItem", {**table, "Item": reading(n)}) for n in range(count)]
    else:
        client.ask(prepared("PutItem", {**table, "Item": reading(0)}))
        requests = [prepared("GetItem", {**table, "Key": {"id": {"S": "reading-0"}}})] * count
    for request in requests[: count // 10]:
        client.ask(request)
    times = []
    began = time.perf_counter()
    for request in requests:
        sent = time.perf_counter()
        if client.ask(request) != 200:
            sys.exit(f"refused: {client.body[:300]!r}")
        times.append(time.perf_counter() - sent)
    rate = count / (time.perf_counter() - began)
    print(json.dumps({"rate": rate, "median_ms": statistics.median(times) * 1000}))


if __name__ == "__main__":
    main()
