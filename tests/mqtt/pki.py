"""A throw-away certificate authority: one for a test session, elliptic keys, so that it costs nothing."""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Credentials:
    """Files of one certificate, and its id as AWS IoT has it."""

    certificate: str
    key: str
    id: str


class Authority:
    """Signs certificates into a folder; `ca` is the file clients trust."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "throw-away CA")])
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        certificate = self._builder("throw-away CA", self._key.public_key()).add_extension(constraints, critical=True)
        self.ca = str(folder / "ca.pem")
        signed = certificate.sign(self._key, hashes.SHA256())
        Path(self.ca).write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str) -> Credentials:
        """A certificate for 127.0.0.1 and localhost, good for servers and clients."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = self._builder(name, key.public_key())
        signed = builder.add_extension(x509.SubjectAlternativeName(names), critical=False).sign(
            self._key, hashes.SHA256()
        )
        certificate, key_file = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        form = serialization.PrivateFormat.TraditionalOpenSSL
        key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
        der = signed.public_bytes(serialization.Encoding.DER)
        return Credentials(str(certificate), str(key_file), hashlib.sha256(der).hexdigest())

    def server_context(self) -> ssl.SSLContext:
        """What the cloud gives the MQTT server."""
        server = self.issue("server")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server.certificate, server.key)
        context.load_verify_locations(self.ca)
        context.verify_mode = ssl.CERT_OPTIONAL
        context.num_tickets = 0
        return context

    def client_context(self, credentials: Credentials | None = None) -> ssl.SSLContext:
        """What a device uses."""
        context = ssl.create_default_context(cafile=self.ca)
        if credentials:
            context.load_cert_chain(credentials.certificate, credentials.key)
        return context

    def _builder(self, name: str, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=2))
        )
