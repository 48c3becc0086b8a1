"""The request context of a device's connection: client id, thing, and the parts of its X.509 certificate.

Source: AWS IoT Core developer guide, "Thing policy variables" and "X.509 certificate policy variables".
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import NameOID

from labcloud.iam.context import Value

MAX_ITEMS = 5
MAX_LENGTH = 1024
_NAME_PARTS = {
    NameOID.DN_QUALIFIER: "DistinguishedNameQualifier",
    NameOID.COUNTRY_NAME: "Country",
    NameOID.ORGANIZATION_NAME: "Organization",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OrganizationalUnit",
    NameOID.STATE_OR_PROVINCE_NAME: "State",
    NameOID.COMMON_NAME: "CommonName",
    NameOID.SERIAL_NUMBER: "SerialNumber",
    NameOID.TITLE: "Title",
    NameOID.SURNAME: "Surname",
    NameOID.GIVEN_NAME: "GivenName",
    NameOID.INITIALS: "Initials",
    NameOID.PSEUDONYM: "Pseudonym",
    NameOID.GENERATION_QUALIFIER: "GenerationQualifier",
}


def device_context(
    client_id: str,
    *,
    source_ip: str | None = None,
    thing_name: str | None = None,
    thing_type: str | None = None,
    attributes: Mapping[str, str] | None = None,
    certificate_pem: bytes | None = None,
) -> dict[str, Value]:
    """Builds the context of a connection; the thing is the one whose name is the client id and that is attached."""
    context: dict[str, Value] = {"iot:ClientId": client_id} if client_id else {}
    if source_ip:
        context["aws:SourceIp"] = source_ip
    context["iot:Connection.Thing.IsAttached"] = thing_name is not None
    if thing_name:
        context["iot:Connection.Thing.ThingName"] = thing_name
        if thing_type:
            context["iot:Connection.Thing.ThingTypeName"] = thing_type
        for name, value in (attributes or {}).items():
            context[f"iot:Connection.Thing.Attributes[{name}]"] = value
    if certificate_pem:
        context.update(certificate_context(certificate_pem))
    return context


@lru_cache(maxsize=4096)
def certificate_context(certificate_pem: bytes) -> Mapping[str, Value]:
    """Reads the `iot:Certificate.…` keys: the first value, `.0` to `.4`, `.List`.

    A value with a wildcard, or too long, is left out, so its variable is not replaced.
    """
    certificate = x509.load_pem_x509_certificate(certificate_pem)
    found: dict[str, list[str]] = {"SerialNumber": [str(certificate.serial_number)]}
    for key, text in [
        *_of_name("Subject", certificate.subject),
        *_of_name("Issuer", certificate.issuer),
        *_of_alternatives("Subject.AlternativeName", certificate, x509.SubjectAlternativeName),
        *_of_alternatives("Issuer.AlternativeName", certificate, x509.IssuerAlternativeName),
    ]:
        found.setdefault(key, []).append(text)
    context: dict[str, Value] = {}
    for key, texts in found.items():
        usable = [text for text in texts[:MAX_ITEMS] if _replaceable(text)]
        if not usable:
            continue
        name = f"iot:Certificate.{key}"
        if _replaceable(texts[0]):
            context[name] = texts[0]
        context[f"{name}.List"] = usable
        context.update({f"{name}.{at}": text for at, text in enumerate(texts[:MAX_ITEMS]) if text in usable})
    context["iot:Certificate.AvailableKeys"] = sorted(f"iot:Certificate.{key}" for key in found)
    return context


def _replaceable(text: str) -> bool:
    return "*" not in text and "?" not in text and len(text) <= MAX_LENGTH


def _of_name(side: str, name: x509.Name) -> Iterator[tuple[str, str]]:
    for attribute in name:
        part = _NAME_PARTS.get(attribute.oid)
        if part:
            yield f"{side}.{part}", str(attribute.value)


def _of_alternatives(
    side: str, certificate: x509.Certificate, extension: type[x509.SubjectAlternativeName | x509.IssuerAlternativeName]
) -> Iterator[tuple[str, str]]:
    try:
        names = certificate.extensions.get_extension_for_class(extension).value
    except x509.ExtensionNotFound:
        return
    for name in names:
        if isinstance(name, x509.RFC822Name):
            yield f"{side}.RFC822Name", name.value
        elif isinstance(name, x509.DNSName):
            yield f"{side}.DNSName", name.value
        elif isinstance(name, x509.DirectoryName):
            yield f"{side}.DirectoryName", name.value.rfc4514_string()
        elif isinstance(name, x509.UniformResourceIdentifier):
            yield f"{side}.UniformResourceIdentifier", name.value
        elif isinstance(name, x509.IPAddress) and isinstance(name.value, ipaddress.IPv4Address | ipaddress.IPv6Address):
            yield f"{side}.IPAddress", str(name.value)
