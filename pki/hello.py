"""The minion's Hello: who it is, on every connection.

The CURVE handshake has already proved to the master who holds the CURVE key. The hello adds, signed by the
minion's sign key, that the same node holds both, and carries a nonce for the Welcome to repeat. Order of
`judge_hello`: size, decode; the CURVE key in it is the peer's; signature; a common protocol version.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from shoal.errors import TrustError, WireError
from shoal.ids import check_minion_id
from shoal.wire import Fields, decode, encode

from .keys import KEY_BYTES, SignKey, check_signature, same_bytes
from .purpose import HELLO
from .statement import join_statement, split_statement

OLDEST_PROTOCOL: Final = 1
NEWEST_PROTOCOL: Final = 1
NONCE_BYTES: Final = 16
MAX_HELLO_BYTES: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """What a minion says of itself when it connects."""

    id: str
    sign_key: bytes
    curve_key: bytes
    nonce: bytes
    boot_id: str = ""
    started: float  # epoch seconds by the minion's own clock, for display only
    token: str = field(default="", repr=False)  # a join token, at first contact
    shoal: str  # release
    grains_digest: bytes = b""
    protocols: tuple[int, int] = (OLDEST_PROTOCOL, NEWEST_PROTOCOL)

    def to_wire(self) -> dict[str, Any]:
        """Return the body that is signed."""
        return {
            "v": list(self.protocols),
            "id": self.id,
            "sign_key": self.sign_key,
            "curve_key": self.curve_key,
            "nonce": self.nonce,
            "boot_id": self.boot_id,
            "started": self.started,
            "token": self.token,
            "shoal": self.shoal,
            "grains_digest": self.grains_digest,
        }

    @classmethod
    def from_wire(cls, value: object) -> Hello:
        """Check everything but the signature. Raises WireError only."""
        fields = Fields(value, "hello")
        versions = fields.take("v", list)
        if len(versions) != 2 or not all(type(v) is int and 0 <= v < 2**31 for v in versions):
            raise WireError("hello: field 'v' is not [oldest, newest]")
        hello = cls(
            id=check_minion_id(fields.text("id", 253)),
            sign_key=fields.blob("sign_key", KEY_BYTES, exact=KEY_BYTES),
            curve_key=fields.blob("curve_key", KEY_BYTES, exact=KEY_BYTES),
            nonce=fields.blob("nonce", NONCE_BYTES, exact=NONCE_BYTES),
            boot_id=fields.text("boot_id", 64),
            started=fields.seconds("started"),
            token=fields.text("token", 128),
            shoal=fields.text("shoal", 64),
            grains_digest=fields.blob("grains_digest", 64),
            protocols=(versions[0], versions[1]),
        )
        fields.done()
        return hello

    def common_protocol(self) -> int:
        """Return the newest protocol that both speak. Raises TrustError `unknown version` if none."""
        oldest, newest = self.protocols
        common = min(newest, NEWEST_PROTOCOL)
        if common < max(oldest, OLDEST_PROTOCOL):
            spoken = f"protocols {oldest}-{newest}, here {OLDEST_PROTOCOL}-{NEWEST_PROTOCOL}"
            raise TrustError("unknown version", f"{self.id} speaks {spoken}")
        return common


def make_hello(hello: Hello, key: SignKey) -> bytes:
    """Return `hello` signed by its own `key`."""
    body = encode(hello.to_wire())
    return join_statement(body, key.sign(HELLO, body))


def judge_hello(data: bytes, peer_curve_key: bytes) -> Hello:
    """Return the hello in `data` of the peer that the CURVE handshake showed to hold `peer_curve_key`.

    Raises:
        WireError: malformed or too large.
        TrustError: `wrong curve key`, `bad signature`, `unknown version`.
    """
    body, signature = split_statement(data, MAX_HELLO_BYTES, "hello")
    hello = Hello.from_wire(decode(body, MAX_HELLO_BYTES))
    if not same_bytes(hello.curve_key, peer_curve_key):
        raise TrustError("wrong curve key", f"{hello.id}'s hello came over another node's connection")
    check_signature(hello.sign_key, HELLO, body, signature, f"{hello.id}'s hello")
    hello.common_protocol()
    return hello
