"""MQTT 3.1.1 packets as bytes and a blocking connection: as little work a message as Python allows."""

from __future__ import annotations

import json
import socket
import ssl

PAYLOAD = json.dumps({"sensor": "s1", "temperature": 21.5, "room": "kitchen", "note": "y" * 140}).encode()


def text(value: str) -> bytes:
    return len(value.encode()).to_bytes(2, "big") + value.encode()


def packet(first: int, body: bytes) -> bytes:
    size, length = len(body), bytearray()
    while True:
        length.append(size & 127 | (128 if size > 127 else 0))
        size >>= 7
        if not size:
            return bytes([first]) + bytes(length) + body


def publish(topic: str, payload: bytes, qos: int, packet_id: int = 1) -> bytes:
    return packet(0x30 | qos << 1, text(topic) + (packet_id.to_bytes(2, "big") if qos else b"") + payload)


def client_context(ca: str, certificate: str, key: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca)
    context.load_cert_chain(certificate, key)
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    return context


def connect(port: int, context: ssl.SSLContext | None, client_id: str) -> socket.socket:
    """A connection after CONNACK. Raises ConnectionError when it is refused."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if context:
        connection = context.wrap_socket(connection, server_hostname="localhost")
    connection.sendall(packet(0x10, text("MQTT") + b"\x04\x02\x01\x2c" + text(client_id)))
    answer = exactly(connection, 4)
    if answer != b"\x20\x02\x00\x00":
        raise ConnectionError(f"CONNACK {answer!r}")
    return connection


def exactly(connection: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        piece = connection.recv(size - len(received))
        if not piece:
            raise ConnectionError("the broker hung up")
        received += piece
    return received
