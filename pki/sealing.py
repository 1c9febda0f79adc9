"""Sealed values: text that anybody can close with a public key and only the holder of the secret one can open.

libsodium's sealed box (X25519, XSalsa20, Poly1305) around a context and the text, in base64. The context is in the box
so that a box made for another purpose is not opened here. Nothing says who has made a box.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

from nacl import bindings
from nacl.exceptions import CryptoError

from shoal.errors import WireError

from .keys import KEY_BYTES, CurveKey

MAX_PLAIN_BYTES: Final = 64 * 1024
_CONTEXT: Final = b"shoal pillar 1\0"


def seal(public: bytes, text: str) -> str:
    """Return `text` sealed for the holder of the secret half of `public`. Raises ValueError when it is too long."""
    plain = text.encode()
    if len(plain) > MAX_PLAIN_BYTES or len(public) != KEY_BYTES:
        raise ValueError(f"a sealed text has at most {MAX_PLAIN_BYTES} bytes")
    return base64.b64encode(bindings.crypto_box_seal(_CONTEXT + plain, public)).decode()


def unseal(key: CurveKey, box: str) -> str:
    """Return the text in `box`. Raises WireError for anything else, without any of it."""
    try:
        raw = base64.b64decode(box, validate=True)
        plain = bindings.crypto_box_seal_open(raw, key.public, key.secret)
        if not plain.startswith(_CONTEXT):
            raise ValueError
        return plain[len(_CONTEXT) :].decode()
    except (CryptoError, ValueError, TypeError, binascii.Error):
        raise WireError(
            "it was sealed with another key, or is damaged; seal it anew: shoal-run pillar.seal"
        ) from None
