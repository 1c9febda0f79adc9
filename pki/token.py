"""Join tokens: a secret that lets a new minion in at once.

Text: `<token id>-<secret>`, e.g. `k3v9x2m4-…`; the id is for lists and for revoking, the secret is 160 random
bits. The master stores `hash_token(text)` and looks records up by it. What a minion presents is bounded and
checked before it is hashed, and whatever is wrong with it is answered alike: `unknown token`.
"""

from __future__ import annotations

import re
from base64 import b32encode
from dataclasses import dataclass
from typing import Final

from nacl.bindings import randombytes

from shoal.errors import TrustError

from .keys import sha256

_ID_BYTES: Final = 5  # 8 characters
_SECRET_BYTES: Final = 20  # 32 characters
_TOKEN: Final = re.compile(r"[a-z2-7]{8}-[a-z2-7]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRecord:
    """What the store knows of a token, as far as judging it goes."""

    token_id: str
    expires: float  # epoch seconds
    uses_left: int
    revoked: bool = False


def new_token() -> tuple[str, str]:
    """Return (token id, secret text to give away). It cannot be shown again: only its hash is stored."""
    token_id = _random_text(_ID_BYTES)
    return token_id, f"{token_id}-{_random_text(_SECRET_BYTES)}"


def _random_text(count: int) -> str:
    return b32encode(randombytes(count)).decode().lower()


def hash_token(text: object) -> str:
    """Return the hash under which the presented token is stored, 64 hexadecimal digits.

    Plain SHA-256 on purpose: a slow, salted hash protects secrets that can be guessed. 160 random bits
    cannot, and a fast one keeps a flood of wrong tokens cheap to refuse. Nor does looking up by hash leak by
    its timing, as nobody can choose a hash's first bytes without knowing the secret.

    Raises:
        TrustError: `unknown token`: not text, or not what `new_token` makes.
    """
    if not isinstance(text, str) or not _TOKEN.fullmatch(text):
        raise TrustError("unknown token", "not in the form of a join token")
    return sha256(text.encode()).hex()


def judge_token(record: TokenRecord | None, now: float) -> TokenRecord:
    """Return `record` if the token may be used once more; the store then takes one use off, atomically.

    Raises:
        TrustError: `unknown token`, `revoked`, `expired`, `used up`.
    """
    if record is None:
        raise TrustError("unknown token")
    if record.revoked:
        raise TrustError("revoked", f"token {record.token_id}")
    if now >= record.expires:
        raise TrustError("expired", f"token {record.token_id}")
    if record.uses_left < 1:
        raise TrustError("used up", f"token {record.token_id}")
    return record
