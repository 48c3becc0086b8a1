"""Device certificates of AWS IoT: real X.509 from the cloud's authority, on moto's store.

moto 5.2.5 signs with a throw-away key and a foreign issuer, ignores a signing request's public key, computes the id
from the PEM text, reads `setAsActive=false` as true, and crashes when a policy hangs on a thing group.
"""

from __future__ import annotations

from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import NameOID
from moto.core.responses import ActionResult
from moto.iot.models import FakeCertificate, IoTBackend
from moto.iot.responses import IoTResponse

from labcloud import ca
from labcloud.errors import AwsError
from labcloud.motobase import hooks, iot_reads

SETTABLE_STATUSES = ("ACTIVE", "INACTIVE", "REVOKED")

_authority: ca.CertificateAuthority | None = None


def use(authority: ca.CertificateAuthority) -> None:
    """From now on `authority` signs what CreateKeysAndCertificate and CreateCertificateFromCsr return."""
    global _authority
    _authority = authority
    trust_registered()


def trust_registered() -> None:
    """Lets the registered certificates of other authorities pass TLS; to be called after stored state was read."""
    for certificate in iot_reads.certificates():
        _require_authority().trust(certificate.pem)


def install() -> None:
    """Puts the hooks in place."""
    hooks.replace(FakeCertificate, "compute_cert_id", compute_cert_id)
    hooks.replace(FakeCertificate, "__init__", initialise_certificate)
    hooks.replace(IoTBackend, "create_keys_and_certificate", create_keys_and_certificate)
    hooks.replace(IoTBackend, "create_certificate_from_csr", create_certificate_from_csr)
    hooks.replace(IoTBackend, "register_certificate", register_certificate)
    hooks.replace(IoTBackend, "register_certificate_without_ca", register_certificate_without_ca)
    hooks.replace(IoTBackend, "register_ca_certificate", register_ca_certificate)
    hooks.replace(IoTBackend, "get_registration_code", get_registration_code)
    hooks.replace(IoTBackend, "update_certificate", update_certificate)
    hooks.replace(IoTBackend, "delete_certificate", delete_certificate)
    hooks.replace(IoTBackend, "_validation_delete", require_deletable)
    hooks.replace(IoTResponse, "create_certificate_from_csr", answer_create_certificate_from_csr)
    hooks.replace(IoTResponse, "register_ca_certificate", answer_register_ca_certificate)


def compute_cert_id(self: FakeCertificate, certificate_pem: str) -> str:
    """The SHA-256 of the DER form."""
    return ca.certificate_id_of_pem(certificate_pem)


def initialise_certificate(self: FakeCertificate, certificate_pem: str, *arguments: Any, **named: Any) -> None:
    """moto invents a validity of two days: the certificate's own is told."""
    certificate = _parse(certificate_pem)
    hooks.stock(FakeCertificate, "__init__")(self, certificate_pem, *arguments, **named)
    self.validity_not_before = certificate.not_valid_before_utc.replace(tzinfo=None)
    self.validity_not_after = certificate.not_valid_after_utc.replace(tzinfo=None)


def create_keys_and_certificate(self: IoTBackend, set_as_active: bool) -> tuple[FakeCertificate, dict[str, str]]:
    """A new RSA key and its certificate, signed by the cloud's authority."""
    key = ca.generate_device_key()
    pem = _require_authority().issue_device_certificate(key.public_key())
    keys = {"PublicKey": ca.public_key_pem(key.public_key()), "PrivateKey": ca.private_key_pem(key)}
    return _store(self, pem, "ACTIVE" if set_as_active else "INACTIVE"), keys


def create_certificate_from_csr(self: IoTBackend, csr: str, set_as_active: bool) -> FakeCertificate:
    """A certificate for the request's own public key and subject."""
    try:
        request = x509.load_pem_x509_csr(csr.encode())
        pem = _require_authority().issue_device_certificate(request)
    except ca.UnusableKey as error:
        raise AwsError(f"The CSR is not valid: {error}", code="InvalidRequestException") from error
    except ValueError as error:
        raise AwsError("The CSR is not valid: it is not a PEM request", code="InvalidRequestException") from error
    return _store(self, pem, "ACTIVE" if set_as_active else "INACTIVE")


def register_certificate(
    self: IoTBackend, certificate_pem: str, ca_certificate_pem: str | None, set_as_active: bool, status: str | None
) -> FakeCertificate:
    """Takes a certificate that a registered CA signed; moto takes any and checks nothing."""
    certificate = _parse(certificate_pem)
    authorities = list(self.ca_certificates.values())
    if ca_certificate_pem:
        wanted = ca.certificate_id_of_pem(ca_certificate_pem)
        authorities = [authority for authority in authorities if authority.certificate_id == wanted]
    for authority in authorities:
        if _signed_by(certificate, _parse(authority.certificate_pem)):
            chosen = "ACTIVE" if set_as_active else status or "INACTIVE"
            return _store(self, certificate_pem, chosen, authority.certificate_id)
    message = "CA certificate is not registered: no registered CA certificate signed this certificate."
    raise AwsError(message, code="CertificateValidationException")


def register_certificate_without_ca(self: IoTBackend, certificate_pem: str, status: str | None) -> FakeCertificate:
    """Takes a certificate of whatever authority; without a status it is inactive (moto: null)."""
    return _store(self, certificate_pem, status or "INACTIVE")


def register_ca_certificate(
    self: IoTBackend, ca_certificate: str, set_as_active: bool, registration_config: dict[str, str]
) -> Any:
    """moto takes leaf certificates as CAs and registers the same one twice."""
    certificate = _parse(ca_certificate)
    constraints = [extension.value for extension in certificate.extensions if _is_basic_constraints(extension)]
    if not constraints or not constraints[0].ca:
        raise AwsError("The certificate is not a CA certificate.", code="CertificateValidationException")
    existing = self.ca_certificates.get(ca.certificate_id_of_pem(ca_certificate))
    if existing is not None:
        raise _already_exists("The CA certificate is already registered", existing)
    stock = hooks.stock(IoTBackend, "register_ca_certificate")
    return stock(self, ca_certificate, set_as_active, registration_config)


def get_registration_code(self: IoTBackend) -> str:
    """One code per account and region (moto: another at each call)."""
    if not hasattr(self, "lab_registration_code"):
        self.lab_registration_code = ca.certificate_id(f"{self.account_id}/{self.region_name}".encode())
    return self.lab_registration_code


def update_certificate(self: IoTBackend, certificate_id: str, new_status: str) -> None:
    """ACTIVE, INACTIVE or REVOKED; the other states are not set through this operation."""
    certificate = self.describe_certificate(certificate_id)
    if new_status not in SETTABLE_STATUSES:
        raise AwsError(f"The status {new_status} cannot be set.", code="InvalidRequestException")
    certificate.status = new_status


def delete_certificate(self: IoTBackend, certificate_id: str, force_delete: bool) -> None:
    """moto leaves the policy attachments of a forced deletion behind and later stumbles over them."""
    certificate = self.describe_certificate(certificate_id)
    require_deletable(self, certificate, force_delete)
    for attachment in [key for key in self.principal_policies if key[0] == certificate.arn]:
        del self.principal_policies[attachment]
    del self.certificates[certificate.certificate_id]


def require_deletable(self: IoTBackend, cert: FakeCertificate, force_delete: bool = False) -> None:
    """Only a certificate that is not active, on no thing and (unless forced) without policies can be deleted."""
    if cert.status == "ACTIVE":
        message = f"Certificate must be deactivated (not ACTIVE) before deletion. Id: {cert.certificate_id}"
        raise AwsError(message, code="CertificateStateException")
    if any(principal == cert.arn for principal, _ in self.principal_things):
        raise AwsError(f"Things must be detached before deletion (arn: {cert.arn})", code="DeleteConflictException")
    if not force_delete and any(target == cert.arn for target, _ in self.principal_policies):
        message = f"Certificate policies must be detached before deletion (arn: {cert.arn})"
        raise AwsError(message, code="DeleteConflictException")


def answer_create_certificate_from_csr(self: IoTResponse) -> ActionResult:
    """moto takes the text "false" for true."""
    certificate = self.iot_backend.create_certificate_from_csr(
        self._get_param("certificateSigningRequest"), set_as_active=self._get_bool_param("setAsActive", False)
    )
    return ActionResult(
        {
            "certificateArn": certificate.arn,
            "certificateId": certificate.certificate_id,
            "certificatePem": certificate.certificate_pem,
        }
    )


def answer_register_ca_certificate(self: IoTResponse) -> ActionResult:
    """In the default mode the verification certificate proves that the caller holds the CA's key (moto: unchecked)."""
    if self._get_param("certificateMode", "DEFAULT") == "DEFAULT":
        _require_verified(
            self._get_param("caCertificate"),
            self._get_param("verificationCertificate"),
            self.iot_backend.get_registration_code(),
        )
    return hooks.stock(IoTResponse, "register_ca_certificate")(self)


def _require_verified(ca_pem: str, verification_pem: str | None, code: str) -> None:
    if not verification_pem:
        raise AwsError("A verification certificate is required.", code="InvalidRequestException")
    verification = _parse(verification_pem)
    names = [str(name.value) for name in verification.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if not _signed_by(verification, _parse(ca_pem)) or names != [code]:
        message = "Verification certificate must be signed by the CA certificate, with the registration code as its CN."
        raise AwsError(message, code="CertificateValidationException")


def _store(backend: IoTBackend, pem: str, status: str, ca_certificate_id: str | None = None) -> FakeCertificate:
    certificate = FakeCertificate(pem, status, backend.account_id, backend.region_name, ca_certificate_id)
    existing = backend.certificates.get(certificate.certificate_id)
    if existing is not None:
        raise _already_exists("The certificate is already provisioned or registered", existing)
    backend.certificates[certificate.certificate_id] = certificate
    _require_authority().trust(pem)
    return certificate


def _already_exists(message: str, existing: FakeCertificate) -> AwsError:
    return AwsError(
        message,
        code="ResourceAlreadyExistsException",
        resourceId=existing.certificate_id,
        resourceArn=existing.arn,
    )


def _signed_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _is_basic_constraints(extension: x509.Extension[Any]) -> bool:
    return isinstance(extension.value, x509.BasicConstraints)


def _parse(pem: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError as error:
        raise AwsError("The certificate is not valid.", code="CertificateValidationException") from error


def _require_authority() -> ca.CertificateAuthority:
    if _authority is None:
        raise RuntimeError("iot_certificates.use was not called")
    return _authority
