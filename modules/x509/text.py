"""Takes apart what openssl prints. Pure functions, one for each kind of output."""

from __future__ import annotations

import calendar
import re
import time
from typing import Any, Final

from shoal.errors import ModuleError

_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
_DATE: Final = re.compile(r"([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.\d+)? (\d{4})(?: GMT)?")
_KEY: Final = re.compile(r"^(?:([\w-]+) )?(?:Public|Private)-Key:(?: \((\d+) bit)?", re.MULTILINE)
_FIXED_SIZES: Final = {"ed25519": 256, "x25519": 256, "ed448": 456, "x448": 448}
_EXTENSION: Final = re.compile(r"( *)(X509v3 [^:]+|Authority Information Access|[\d.]+): ?(critical)?\s*")
_NAMES: Final = {
    "X509v3 Authority Key Identifier": "authorityKeyIdentifier",
    "X509v3 Basic Constraints": "basicConstraints",
    "X509v3 CRL Distribution Points": "crlDistributionPoints",
    "X509v3 CRL Number": "cRLNumber",
    "X509v3 CRL Reason Code": "CRLReason",
    "X509v3 Extended Key Usage": "extendedKeyUsage",
    "X509v3 Key Usage": "keyUsage",
    "X509v3 Name Constraints": "nameConstraints",
    "X509v3 Subject Alternative Name": "subjectAltName",
    "X509v3 Subject Key Identifier": "subjectKeyIdentifier",
    "Authority Information Access": "authorityInfoAccess",
}


def seconds(date: str) -> int:
    """Return the Unix time of openssl's date, `Nov 25 14:21:26 2026 GMT`. Raises ModuleError."""
    found = _DATE.fullmatch(date.strip())
    if found is None or found[1] not in _MONTHS.split():
        raise ModuleError(f"openssl tells a date that cannot be read: {date.strip()[:40]!r}")
    month, day, hour, minute, second, year = found.groups()
    when = (int(year), _MONTHS.split().index(month) + 1, int(day), int(hour), int(minute), int(second))
    return calendar.timegm((*when, 0, 0, 0))


def day_and_time(date: str) -> str:
    """Return openssl's date as `2026-11-25 14:21:26`, in UTC."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds(date)))


def values(text: str) -> dict[str, str]:
    """Return the lines `name=value` by name in lower case."""
    pairs = (line.partition("=") for line in text.splitlines())
    return {name.strip().lower(): value.strip() for name, equals, value in pairs if equals}


def name_parts(name: str) -> dict[str, Any]:
    """Return a name in the form of RFC 2253 by its types; several of one type become a list, first one first."""
    found: dict[str, Any] = {}
    for part in reversed(re.findall(r"(?:\\.|[^,+\\])+", name)):
        kind, equals, value = part.partition("=")
        if not equals:
            continue
        kind, value = kind.strip(), _unescaped(value)
        if kind not in found:
            found[kind] = value
        else:
            found[kind] = [*(found[kind] if isinstance(found[kind], list) else [found[kind]]), value]
    return found


def key_facts(text: str) -> dict[str, Any]:
    """Return `key_type` and `key_size` from `openssl pkey -text`. Raises ModuleError."""
    found = _KEY.search(text)
    if found is None:
        raise ModuleError("openssl does not tell what kind of key that is")
    named = (found[1] or "").lower()
    if named in _FIXED_SIZES:
        return {"key_type": named, "key_size": _FIXED_SIZES[named]}
    kind = named
    for mark, meant in (("ASN1 OID:", "ec"), ("NIST CURVE:", "ec"), ("Modulus:", "rsa"), ("\nP:", "dsa")):
        if mark in text:
            kind = meant
            break
    return {"key_type": kind, "key_size": int(found[2] or 0)}


def after(label: str, text: str) -> str:
    """Return what stands behind `label:` on the first line that begins with it, "" if none does."""
    found = re.search(rf"^ *{re.escape(label)}: *(.*)$", text, re.MULTILINE)
    return found[1].strip() if found else ""


def extensions(text: str) -> dict[str, dict[str, Any]]:
    """Return `value` and `critical` of each extension that `-ext` or `-text` printed, by its usual name."""
    found: dict[str, dict[str, Any]] = {}
    indent, current = -1, ""
    for line in text.splitlines():
        head = _EXTENSION.fullmatch(line)
        if head and (indent in (-1, len(head[1]))):
            indent, current = len(head[1]), _NAMES.get(head[2], head[2])
            found[current] = {"value": "", "critical": bool(head[3])}
        elif current and len(line) - len(line.lstrip()) > indent and line.strip():
            found[current]["value"] = f"{found[current]['value']}\n{line.strip()}".strip()
        elif current and line.strip():
            break
    return found


def revoked(text: str) -> dict[str, dict[str, Any]]:
    """Return the revoked certificates of `openssl crl -text` by serial number."""
    found: dict[str, dict[str, Any]] = {}
    body = text.partition("\nRevoked Certificates:\n")[2]
    for entry in re.split(r"^    Serial Number: ", body, flags=re.MULTILINE)[1:]:
        serial, _, rest = entry.partition("\n")
        more = rest.partition("CRL entry extensions:\n")[2].partition("\n    Signature Algorithm:")[0]
        found[colons(serial)] = {
            "revocation_date": day_and_time(after("Revocation Date", rest)),
            "extensions": extensions(more),
        }
    return found


def colons(serial: str) -> str:
    """Return a serial number as `0A:1B`."""
    text = serial.strip().upper().removeprefix("0X")
    text = text if len(text) % 2 == 0 else f"0{text}"
    return ":".join(text[n : n + 2] for n in range(0, len(text), 2))


def _unescaped(value: str) -> str:
    """Return a value without the backslashes of RFC 2253: before a character, or before the hex of a byte."""

    def plain(found: re.Match[str]) -> str:
        if found[1]:
            return bytes.fromhex(found[1].replace("\\", "")).decode("utf-8", "backslashreplace")
        return found[2]

    return re.sub(r"((?:\\[0-9A-Fa-f]{2})+)|\\(.)", plain, value, flags=re.DOTALL)
