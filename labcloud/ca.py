"""The cloud's certificate authority: what Amazon's roots and the AWS IoT device CA are on AWS.

It signs device certificates and this machine's server certificates; who may do what with a certificate is decided
elsewhere. Real time counts here, not the lab clock: TLS peers on this machine know only real time.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
import os
import ssl
import tempfile
import weakref
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DEVICE_CERTIFICATES_END = dt.datetime(2049, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
"""AWS IoT's own device certificates are valid until then."""

SERVER_CERTIFICATE_DAYS = 397
"""A new one is made at each start; macOS refuses server certificates of more than 825 days."""

SERVER_NAMES = ("localhost", "127.0.0.1", "::1")
ALLOWED_CURVES = ("secp256r1", "secp384r1", "secp521r1")


class UnusableKey(ValueError):
    """A key that AWS IoT does not sign; the message says why."""


def certificate_id(der: bytes) -> str:
    """The certificate's id in AWS IoT: the SHA-256 of its DER form, in lower-case hexadecimal."""
    return hashlib.sha256(der).hexdigest()


def certificate_id_of_pem(pem: str) -> str:
    """The same for a PEM text; raises ValueError if that is not a certificate."""
    return certificate_id(x509.load_pem_x509_certificate(pem.encode()).public_bytes(serialization.Encoding.DER))


def generate_device_key() -> rsa.RSAPrivateKey:
    """A key as CreateKeysAndCertificate makes it: RSA, 2,048 bits."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_key_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    """The private key as AWS IoT hands it out: PEM in the traditional form, not encrypted."""
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def public_key_pem(key: CertificatePublicKeyTypes) -> str:
    """The public key as PEM."""
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


class CertificateAuthority:
    """One key and its self-signed certificate, and what they sign. Make it with `open` or `in_memory`."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self._key = key
        self.certificate = certificate
        self._strangers: set[str] = set()
        self._contexts: weakref.WeakSet[ssl.SSLContext] = weakref.WeakSet()

    @classmethod
    def in_memory(cls) -> CertificateAuthority:
        """A new authority that is kept nowhere."""
        key = ec.generate_private_key(ec.SECP256R1())
        return cls(key, _self_signed(key))

    @classmethod
    def open(cls, directory: Path) -> CertificateAuthority:
        """The authority kept in `directory` (`ca.pem`, `ca.key`); the first call makes it."""
        certificate_file, key_file = directory / "ca.pem", directory / "ca.key"
        if certificate_file.exists() and key_file.exists():
            key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
            if not isinstance(key, ec.EllipticCurvePrivateKey):
                raise ValueError(f"{key_file} does not hold the key of a lab cloud: remove it and {certificate_file}")
            return cls(key, x509.load_pem_x509_certificate(certificate_file.read_bytes()))
        authority = cls.in_memory()
        directory.mkdir(parents=True, exist_ok=True)
        _write_atomically(key_file, private_key_pem(authority._key), mode=0o600)
        _write_atomically(certificate_file, authority.pem, mode=0o644)
        return authority

    @property
    def pem(self) -> str:
        """The authority's own certificate: what clients trust (AmazonRootCA1.pem on AWS)."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def issue_device_certificate(self, public_key: CertificatePublicKeyTypes | x509.CertificateSigningRequest) -> str:
        """A client certificate (PEM) for a device's public key, or for a signing request with its subject."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "AWS IoT Certificate")])
        if isinstance(public_key, x509.CertificateSigningRequest):
            if not public_key.is_signature_valid:
                raise UnusableKey("the signature of the certificate signing request is not valid")
            subject, public_key = public_key.subject or subject, public_key.public_key()
        _require_usable(public_key)
        builder = self._builder(subject, public_key, DEVICE_CERTIFICATES_END)
        return self._sign(builder.add_extension(_key_usage(digital_signature=True), critical=True))

    def issue_server_certificate(self, names: Iterable[str] = SERVER_NAMES) -> tuple[str, str]:
        """A server certificate for these host names and addresses: (certificate PEM, key PEM)."""
        names = list(names)
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        end = dt.datetime.now(dt.UTC) + dt.timedelta(days=SERVER_CERTIFICATE_DAYS)
        builder = (
            self._builder(subject, key.public_key(), end)
            .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
            .add_extension(_key_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        )
        return self._sign(builder), private_key_pem(key)

    def server_context(
        self,
        *,
        names: Iterable[str] = SERVER_NAMES,
        client_certificates: bool = True,
        alpn: Iterable[str] = (),
    ) -> ssl.SSLContext:
        """A TLS 1.2/1.3 server context that asks for a client certificate and lets connections without one through.

        A client certificate must be signed by this authority or be made known with `trust`, before or after; whether
        it is registered and active is for the broker to look up by `certificate_id`.
        No session tickets, as on AWS (developer guide, transport security).
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION | getattr(ssl, "OP_NO_RENEGOTIATION", 0)
        context.num_tickets = 0
        _load_chain(context, *self.issue_server_certificate(names))
        if client_certificates:
            context.verify_mode = ssl.CERT_OPTIONAL
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
            context.load_verify_locations(cadata="".join([self.pem, *sorted(self._strangers)]))
            self._contexts.add(context)
        if protocols := list(alpn):
            context.set_alpn_protocols(protocols)
        return context

    def has_issued(self, certificate: x509.Certificate) -> bool:
        """Whether this authority signed the certificate."""
        try:
            certificate.verify_directly_issued_by(self.certificate)
        except (InvalidSignature, ValueError, TypeError):
            return False
        return True

    def trust(self, certificate_pem: str) -> None:
        """Lets a client certificate of an unknown authority pass the handshake (RegisterCertificateWithoutCA).

        The certificate itself becomes a trust anchor (VERIFY_X509_PARTIAL_CHAIN). A context cannot forget it again:
        the broker's look-up by certificate id decides after the handshake.
        """
        if certificate_pem in self._strangers or self.has_issued(
            x509.load_pem_x509_certificate(certificate_pem.encode())
        ):
            return
        self._strangers.add(certificate_pem)
        for context in self._contexts:
            context.load_verify_locations(cadata=certificate_pem)

    def _builder(
        self, subject: x509.Name, public_key: CertificatePublicKeyTypes, end: dt.datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.certificate.subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(_a_little_ago())
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )

    def _sign(self, builder: x509.CertificateBuilder) -> str:
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def _self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "IoT Lab Kit"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Lab Cloud Root CA"),
        ]
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_a_little_ago())
        .not_valid_after(DEVICE_CERTIFICATES_END)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_key_usage(digital_signature=True, key_cert_sign=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def _require_usable(key: CertificatePublicKeyTypes) -> None:
    """AWS IoT signs RSA keys of at least 2,048 bits and NIST P-256, P-384 and P-521 keys."""
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < 2048:
            raise UnusableKey(f"an RSA key of {key.key_size} bits is too short: at least 2048 are needed")
    elif not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in ALLOWED_CURVES:
        raise UnusableKey("the key must be RSA (2048 bits or more) or on the curve P-256, P-384 or P-521")


def _key_usage(*, digital_signature: bool, key_cert_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=key_cert_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _a_little_ago() -> dt.datetime:
    """Devices whose clocks are slightly behind accept a new certificate."""
    return dt.datetime.now(dt.UTC) - dt.timedelta(minutes=2)


def _load_chain(context: ssl.SSLContext, certificate_pem: str, key_pem: str) -> None:
    """The ssl module takes a server's key only from files: they live for this call."""
    with tempfile.TemporaryDirectory(prefix="labcloud-tls-") as folder:
        certificate_file, key_file = Path(folder, "server.pem"), Path(folder, "server.key")
        certificate_file.write_text(certificate_pem)
        _write_atomically(key_file, key_pem, mode=0o600)
        context.load_cert_chain(certificate_file, key_file)


def _write_atomically(path: Path, text: str, *, mode: int) -> None:
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    temporary.replace(path)
