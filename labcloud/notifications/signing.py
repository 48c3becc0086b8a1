"""Signs SNS messages with a key of this cloud; its certificate is served where SigningCertURL points to.

Source: SNS Developer Guide, "Verifying the signatures of Amazon SNS messages". Version 1 is SHA-1 with RSA, as the
default on AWS. A receiver that insists on a certificate from amazonaws.com will rightly refuse ours.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

CERTIFICATE_PATH = "/SimpleNotificationService-local.pem"


class Signer:
    """Makes its key when it is first needed."""

    def __init__(self, endpoint_url: Callable[[], str]) -> None:
        self._endpoint_url = endpoint_url
        self._lock = threading.Lock()
        self._key: rsa.RSAPrivateKey | None = None

    def sign(self, members: Mapping[str, str]) -> dict[str, str]:
        """The signature over the members, in the order in which they are given."""
        text = "".join(f"{name}\n{value}\n" for name, value in members.items())
        signature = self._private_key().sign(text.encode(), padding.PKCS1v15(), hashes.SHA1())
        return {
            "SignatureVersion": "1",
            "Signature": base64.b64encode(signature).decode(),
            "SigningCertURL": self._endpoint_url() + CERTIFICATE_PATH,
        }

    def certificate_pem(self) -> bytes:
        """The certificate with which signatures can be verified."""
        key = self._private_key()
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.local")])
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
        certificate = builder.not_valid_after(now + timedelta(days=365)).sign(key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM)

    def _private_key(self) -> rsa.RSAPrivateKey:
        with self._lock:
            if self._key is None:
                self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            return self._key
