"""PEM and DER: finds the entries of a text, turns one form into the other, cuts a certificate apart. Pure."""

from __future__ import annotations

import base64
import binascii
import re
import textwrap
from typing import Final

from shoal.errors import ModuleError

_BEGIN: Final = re.compile(r"-----BEGIN ([A-Z0-9][A-Z0-9 ]{0,60})-----")
_SEQUENCE: Final = 0x30
_BITS: Final = 0x03


def entries(text: str) -> list[tuple[str, str]]:
    """Return type and PEM of each entry, in order, each in the form that all programs read."""
    found = []
    for part in text.split("-----BEGIN ")[1:]:
        head = _BEGIN.match(f"-----BEGIN {part[:80]}")
        end = part.find(f"-----END {head[1]}-----") if head else -1
        if head and end >= 0:
            found.append((head[1], _tidy(head[1], part[len(head[1]) + 5 : end])))
    return found


def first(text: str, types: tuple[str, ...], what: str) -> str:
    """Return the first entry of one of the types. Raises ModuleError."""
    for kind, entry in entries(text):
        if kind in types:
            return entry
    raise ModuleError(f"there is no {what} in PEM form in it")


def from_der(data: bytes, kind: str) -> str:
    """Return DER as PEM."""
    lines = "\n".join(textwrap.wrap(base64.b64encode(data).decode(), 64))
    return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----\n"


def to_der(entry: str) -> bytes:
    """Return one PEM entry as DER. Raises ModuleError."""
    body = "".join(line for line in entry.splitlines() if line and "-----" not in line)
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise ModuleError("the PEM form is damaged: it is no base64") from None


def signed_parts(der: bytes) -> tuple[bytes, bytes]:
    """Return what is signed of a certificate, and the signature (RFC 5280, 4.1). Raises ModuleError."""
    _, start, end = _element(der, 0, _SEQUENCE)
    _, _, after_body = _element(der, start, _SEQUENCE)
    _, _, after_method = _element(der, after_body, _SEQUENCE)
    _, bits, bits_end = _element(der, after_method, _BITS)
    if bits_end != end or end != len(der) or der[bits : bits + 1] != b"\0":
        raise ModuleError("the certificate is damaged: its parts do not fill it")
    return der[start:after_body], der[bits + 1 : bits_end]


def _element(der: bytes, at: int, tag: int) -> tuple[int, int, int]:
    """Return where an element, its content and its end are."""
    head = der[at : at + 6]
    if len(head) < 2 or head[0] != tag:
        raise ModuleError("the certificate is damaged: it is no DER of one")
    count = head[1] & 0x7F if head[1] & 0x80 else 0
    length = int.from_bytes(head[2 : 2 + count], "big") if count else head[1]
    start = at + 2 + count
    if count > 4 or head[1] == 0x80 or start + length > len(der):
        raise ModuleError("the certificate is damaged: a length is wrong")
    return at, start, start + length


def _tidy(kind: str, body: str) -> str:
    """Return an entry with lines of 64 characters; headers, as of an old encrypted key, stay in front."""
    headers, blank, rest = body.replace("\r\n", "\n").partition("\n\n")
    if not blank or ":" not in headers:
        headers, rest = "", body
    lines = textwrap.wrap("".join(rest.split()), 64)
    lead = [*headers.strip().splitlines(), ""] if headers else []
    return "\n".join([f"-----BEGIN {kind}-----", *lead, *lines, f"-----END {kind}-----", ""])
