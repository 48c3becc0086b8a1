from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from labcloud import ca
from labcloud.ca import CertificateAuthority


def request_for(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> x509.CertificateSigningRequest:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kitchen")])
    return x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext) -> bytes | None:
    """The client certificate (DER) that the server saw; raises what the server raised."""
    outcome: dict[str, object] = {}
    ours, theirs = socket.socketpair()

    def serve() -> None:
        try:
            with server.wrap_socket(ours, server_side=True) as connection:
                outcome["der"] = connection.getpeercert(binary_form=True)
                connection.sendall(b"x")
        except OSError as error:
            outcome["error"] = error

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(theirs, server_hostname="localhost") as connection:
            connection.recv(1)
    except OSError as error:
        outcome.setdefault("client error", error)
    thread.join(5)
    if "error" in outcome:
        raise outcome["error"]  # type: ignore[misc]
    return outcome["der"]  # type: ignore[return-value]


def client_context(authority: CertificateAuthority, folder: Path, pem: str = "", key: str = "") -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=authority.pem)
    if pem:
        (folder / "c.pem").write_text(pem)
        (folder / "c.key").write_text(key)
        context.load_cert_chain(folder / "c.pem", folder / "c.key")
    return context


@pytest.fixture(scope="module")
def authority() -> CertificateAuthority:
    return CertificateAuthority.in_memory()


def test_device_certificate_is_signed_by_the_authority_for_the_given_key(authority: CertificateAuthority) -> None:
    key = ca.generate_device_key()
    certificate = x509.load_pem_x509_certificate(authority.issue_device_certificate(key.public_key()).encode())
    certificate.verify_directly_issued_by(authority.certificate)
    assert certificate.public_key() == key.public_key()
    assert certificate.subject.rfc4514_string() == "CN=AWS IoT Certificate"
    assert certificate.not_valid_after_utc == dt.datetime(2049, 12, 31, 23, 59, 59, tzinfo=dt.UTC)


def test_signing_request_keeps_its_subject_and_key(authority: CertificateAuthority) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = x509.load_pem_x509_certificate(authority.issue_device_certificate(request_for(key)).encode())
    assert certificate.subject.rfc4514_string() == "CN=kitchen"
    assert certificate.public_key() == key.public_key()


def test_curve_that_aws_does_not_sign_is_refused_by_name(authority: CertificateAuthority) -> None:
    with pytest.raises(ca.UnusableKey, match="P-256, P-384 or P-521"):
        authority.issue_device_certificate(ec.generate_private_key(ec.SECP256K1()).public_key())


def test_certificate_id_is_the_sha256_of_the_der_form(authority: CertificateAuthority) -> None:
    der = authority.certificate.public_bytes(serialization.Encoding.DER)
    assert ca.certificate_id_of_pem(authority.pem) == ca.certificate_id(der)
    assert len(ca.certificate_id(der)) == 64


def test_authority_in_a_directory_is_the_same_after_a_restart(tmp_path: Path) -> None:
    first, second = CertificateAuthority.open(tmp_path / "ca"), CertificateAuthority.open(tmp_path / "ca")
    assert first.pem == second.pem
    key = ca.generate_device_key().public_key()
    x509.load_pem_x509_certificate(second.issue_device_certificate(key).encode()).verify_directly_issued_by(
        first.certificate
    )


def test_private_key_of_the_authority_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    CertificateAuthority.open(tmp_path)
    assert (tmp_path / "ca.key").stat().st_mode & 0o077 == 0


def test_handshake_shows_the_server_the_device_certificate(authority: CertificateAuthority, tmp_path: Path) -> None:
    key = ca.generate_device_key()
    pem = authority.issue_device_certificate(key.public_key())
    client = client_context(authority, tmp_path, pem, ca.private_key_pem(key))
    der = shake_hands(authority.server_context(), client)
    assert der is not None
    assert ca.certificate_id(der) == ca.certificate_id_of_pem(pem)


def test_handshake_without_a_certificate_passes_and_shows_none(authority: CertificateAuthority, tmp_path: Path) -> None:
    assert shake_hands(authority.server_context(), client_context(authority, tmp_path)) is None


def test_certificate_of_an_unknown_authority_passes_only_once_it_is_trusted(
    authority: CertificateAuthority, tmp_path: Path
) -> None:
    stranger, key = CertificateAuthority.in_memory(), ca.generate_device_key()
    pem = stranger.issue_device_certificate(key.public_key())
    client, server = client_context(authority, tmp_path, pem, ca.private_key_pem(key)), authority.server_context()
    with pytest.raises(ssl.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        shake_hands(server, client)
    authority.trust(pem)
    der = shake_hands(server, client)
    assert der is not None
    assert ca.certificate_id(der) == ca.certificate_id_of_pem(pem)


def test_new_context_trusts_what_was_trusted_before(tmp_path: Path) -> None:
    authority, key = CertificateAuthority.in_memory(), ca.generate_device_key()
    pem = CertificateAuthority.in_memory().issue_device_certificate(key.public_key())
    authority.trust(pem)
    client = client_context(authority, tmp_path, pem, ca.private_key_pem(key))
    assert shake_hands(authority.server_context(), client) is not None


def test_tls_1_1_is_refused(authority: CertificateAuthority) -> None:
    assert authority.server_context().minimum_version == ssl.TLSVersion.TLSv1_2
