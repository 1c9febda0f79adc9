"""The join string: everything a new minion must know, in one line to paste.

Text: `shoal1-` + base32 (no padding, case does not matter) of
    2 bytes length of the body, big-endian | body, msgpack | first 4 bytes of the SHA-256 of both
White space anywhere is ignored: mails and terminals break long lines. The checksum is against slips of the
hand; the string is trusted because of the way it came. It may hold a join token, so it is as secret as that.
"""

from __future__ import annotations

from base64 import b32decode, b32encode
from binascii import Error as Base32Error
from dataclasses import dataclass, field
from typing import Any, Final

from shoal.errors import ConfigError, WireError
from shoal.wire import Fields, decode, encode

from .keys import KEY_BYTES, sha256
from .masters import read_addresses

PREFIX: Final = "shoal1-"
MAX_JOIN_CHARS: Final = 8192
_CHECK_BYTES: Final = 4
_LENGTH_BYTES: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinString:
    """Where a fleet's master is and how to recognise it."""

    root_key: bytes
    addresses: tuple[str, ...]
    publish_port: int
    request_port: int
    curve_key: bytes  # the master's, so that even the first connection is to the right one
    token: str = field(default="", repr=False)

    def to_wire(self) -> dict[str, Any]:
        """Return the body."""
        return {
            "root": self.root_key,
            "addresses": list(self.addresses),
            "publish_port": self.publish_port,
            "request_port": self.request_port,
            "curve": self.curve_key,
            "token": self.token,
        }

    @classmethod
    def from_wire(cls, value: object) -> JoinString:
        """Check everything. Raises WireError only."""
        fields = Fields(value, "join string")
        join = cls(
            root_key=fields.blob("root", KEY_BYTES, exact=KEY_BYTES),
            addresses=read_addresses(fields),
            publish_port=fields.integer("publish_port", 1, 65535),
            request_port=fields.integer("request_port", 1, 65535),
            curve_key=fields.blob("curve", KEY_BYTES, exact=KEY_BYTES),
            token=fields.text("token", 128),
        )
        fields.done()
        return join

    def to_text(self) -> str:
        """Return the line to paste. Raises WireError for a value that `parse_join_string` would not take."""
        body = encode(JoinString.from_wire(self.to_wire()).to_wire())
        counted = len(body).to_bytes(_LENGTH_BYTES, "big") + body
        return PREFIX + b32encode(counted + sha256(counted)[:_CHECK_BYTES]).decode().rstrip("=").lower()


def parse_join_string(text: str) -> JoinString:
    """Read a join string as a person pasted it.

    Raises:
        ConfigError: what is wrong with it, in one line that does not repeat the string.
    """
    if len(text) > MAX_JOIN_CHARS:
        raise ConfigError(f"join string: longer than {MAX_JOIN_CHARS} characters; copy one line only")
    compact = "".join(text.split())
    if not compact.lower().startswith(PREFIX):
        raise ConfigError(_prefix_advice(compact.lower()))
    body = _checked_body(_base32(compact[len(PREFIX) :].upper()))
    try:
        return JoinString.from_wire(decode(body, len(body)))
    except WireError as error:  # the checksum was right, so this is no typing error
        raise ConfigError(f"join string: made wrongly: {error}") from None


def _prefix_advice(compact: str) -> str:
    version = (
        compact[len("shoal") : compact.find("-")] if compact.startswith("shoal") and "-" in compact else ""
    )
    if version.isdecimal():
        return "join string: made for another release of Shoal; use the same release on master and minion"
    return f"join string: it begins with {PREFIX}; copy it whole, from its first character"


def _base32(text: str) -> bytes:
    try:
        return b32decode(text + "=" * (-len(text) % 8))
    except (Base32Error, ValueError):
        pass
    strange = next((i for i, char in enumerate(text) if char not in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), None)
    if strange is None:
        raise ConfigError("join string: cut short or a character is missing; copy it again")
    place = strange + len(PREFIX) + 1
    raise ConfigError(f"join string: character {place} ({text[strange]!r}) cannot be in it; copy it again")


def _checked_body(data: bytes) -> bytes:
    length = int.from_bytes(data[:_LENGTH_BYTES], "big")
    end = _LENGTH_BYTES + length
    if len(data) < end + _CHECK_BYTES:
        raise ConfigError("join string: cut short; copy it again, to its end")
    if data[end:] != sha256(data[:end])[:_CHECK_BYTES]:
        raise ConfigError("join string: the checksum is wrong, so some character is; copy it again")
    return data[_LENGTH_BYTES:end]
