"""Filters of digests and of base64."""

from __future__ import annotations

import base64
import hashlib
import hmac as hmac_of
import uuid as uuids
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from shoal.errors import RenderError

_SPACE: Final = uuids.UUID("91633ebf-1c86-5e33-935a-28061f4b480e")  # Salt's, so that a text has the same UUID
_KINDS: Final = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")


def to_bytes(value: Any, encoding: str = "utf-8", errors: str = "strict") -> bytes:
    """Return a text as bytes."""
    return value if isinstance(value, bytes) else str(value).encode(encoding, errors)


def digest_of(kind: str, value: Any) -> str:
    """Return a digest in hexadecimal."""
    if kind not in _KINDS:
        raise RenderError(f"no digest {kind!r}; there are {', '.join(_KINDS)}")
    return hashlib.new(kind, to_bytes(value), usedforsecurity=False).hexdigest()


def base64_encode(value: Any) -> str:
    """Return base64."""
    return base64.b64encode(to_bytes(value)).decode()


def base64_decode(value: Any) -> Any:
    """Return what base64 stands for: text if it is text."""
    raw = base64.b64decode(to_bytes(value))
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def hmac(value: Any, shared_secret: Any, challenge_hmac: Any) -> bool:
    """Say whether `challenge_hmac` (base64) is the SHA-256 HMAC of a text."""
    made = hmac_of.new(to_bytes(shared_secret), to_bytes(value), hashlib.sha256).digest()
    return hmac_of.compare_digest(base64.b64encode(made), to_bytes(challenge_hmac))


def hmac_compute(value: Any, shared_secret: Any) -> str:
    """Return the SHA-256 HMAC of a text in hexadecimal."""
    return hmac_of.new(to_bytes(shared_secret), to_bytes(value), hashlib.sha256).hexdigest()


def uuid(value: Any) -> str:
    """Return the UUID of a text, always the same."""
    return str(uuids.uuid5(_SPACE, str(value)))


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "base64_decode": base64_decode,
    "base64_encode": base64_encode,
    "hmac": hmac,
    "hmac_compute": hmac_compute,
    **{kind: partial(digest_of, kind) for kind in ("md5", "sha1", "sha256", "sha512")},
    "to_bytes": to_bytes,
    "uuid": uuid,
}
