"""What a request's body must be before anybody takes it apart: JSON, XML, a form, chunks, gzip. Pure.

moto's parsers take much for granted: JSON that is not JSON is a message to them, an XML document of a megabyte of
nested tags costs them seconds, a chunk may promise more memory than there is.
"""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn
from xml.parsers import expat

from labcloud.errors import AwsError

DEEPEST_XML = 64
"""AWS's own documents nest about ten deep."""
MOST_FORM_FIELDS = 10_000
"""moto's parser looks through all fields for each of them."""


def malformed(operation: str, reason: str) -> AwsError:
    return AwsError(f"The body of {operation} is malformed: {reason}", code="SerializationException")


def json_value(body: bytes) -> Any:
    """Raises ValueError for what RFC 8259 does not allow, RecursionError for what is nested too deeply."""
    return _DECODER.decode(body.decode()) if body else {}


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def check_xml(body: bytes) -> None:
    """Raises AwsError MalformedXML, in S3's words, for what is no XML, declares a document type or nests too deeply."""
    depth = 0

    def begin(*_: object) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST_XML:
            raise ValueError(f"elements are nested more than {DEEPEST_XML} deep")

    def end(*_: object) -> None:
        nonlocal depth
        depth -= 1

    def refuse(*_: object) -> NoReturn:
        raise ValueError("a document type is declared")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.StartDoctypeDeclHandler = begin, end, refuse
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise AwsError(
            "The XML you provided was not well-formed or did not validate against our published schema "
            f"({str(error) or 'unknown encoding'})",
            code="MalformedXML",
        ) from error


class Chunk(NamedTuple):
    """One chunk of an aws-chunked body: what follows its size, and where its bytes are."""

    extension: bytes
    begin: int
    end: int


def chunks_of(body: bytes) -> tuple[list[Chunk], int]:
    """The chunks, the last (empty) one among them, and where the trailer begins: each is as long as it says.

    Amazon S3 API reference, "Transferring a payload in multiple chunks". Raises AwsError IncompleteBody.
    """
    stream, found = io.BytesIO(body), []
    while True:
        size_text, _, extension = stream.readline(256).partition(b";")
        try:
            size = int(size_text.strip(), 16)
        except ValueError:
            raise _incomplete(f"{size_text.strip()[:20]!r} is no chunk size") from None
        begin = stream.tell()
        found.append(Chunk(extension.strip(), begin, begin + size))
        if size == 0:
            return found, begin
        if size < 0 or begin + size + 2 > len(body) or body[begin + size : begin + size + 2] != b"\r\n":
            raise _incomplete("a chunk is not as long as it says")
        stream.seek(size + 2, io.SEEK_CUR)


def check_chunks(body: bytes, decoded_length: str) -> None:
    """All chunks together are as long as the header says. Raises AwsError IncompleteBody."""
    found = sum(chunk.end - chunk.begin for chunk in chunks_of(body)[0])
    if decoded_length and decoded_length != str(found):
        raise _incomplete(f"x-amz-decoded-content-length is {decoded_length[:30]!r}, the chunks hold {found} bytes")


def _incomplete(reason: str) -> AwsError:
    return AwsError(
        f"You did not provide the number of bytes specified by the Content-Length HTTP header: {reason}",
        code="IncompleteBody",
    )


def check_overrides(query: Mapping[str, str]) -> None:
    """The response headers that a GetObject asks for stay one header each. Raises AwsError InvalidArgument."""
    for name, value in query.items():
        if name.startswith("response-") and not value.isprintable():
            raise AwsError(f"The value of {name} has control characters: {value!r}", code="InvalidArgument")


def unzipped(body: bytes, largest: int) -> bytes:
    """A gzip body unpacked; never more than `largest` bytes. Raises AwsError."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        data = unpacker.decompress(body, largest + 1)
    except zlib.error as error:
        raise malformed("a request with Content-Encoding gzip", str(error)) from error
    if len(data) > largest:
        raise too_large(largest)
    if not unpacker.eof:
        raise malformed("a request with Content-Encoding gzip", "it ends too early")
    return data


def too_large(largest: int) -> AwsError:
    return AwsError(
        f"The request's body has more than {largest} bytes.", code="RequestEntityTooLargeException", status=413
    )
