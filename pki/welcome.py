"""The master's Welcome: its answer to a hello, sealed.

It repeats the hello's nonce, so it is fresh, and its time is one the minion may believe. Order of
`judge_welcome`: as `open_sealed`, then the nonce, then the certificate's dates. A box that wakes in 1970 or
2099 does not know the date, so these are checked at the later of the floor (what it knows to be past) and the
time just signed. A certificate that has expired by then gains nothing by signing an old time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from shoal.errors import TrustError, WireError
from shoal.wire import Fields, decode, encode

from .anchor import TrustAnchor
from .certificate import MasterCertificate
from .envelope import open_undated, seal
from .hello import NEWEST_PROTOCOL, NONCE_BYTES, OLDEST_PROTOCOL
from .keys import SignKey, same_bytes
from .masters import MAX_MASTERS_BYTES
from .purpose import WELCOME

MAX_WELCOME_BYTES: Final = 64 * 1024 + MAX_MASTERS_BYTES
MAX_TAGS: Final = 128
MAX_WAIT_S: Final = 86400.0
STATUSES: Final = ("accepted", "pending", "rejected", "denied", "busy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """What a master answers to a hello."""

    nonce: bytes
    status: str  # one of STATUSES
    time: float  # epoch seconds on the master, now
    reason: str = ""  # for people
    protocol: int = NEWEST_PROTOCOL
    heartbeat_s: float = 30.0
    retry_after_s: float = 0.0
    spread_s: float = 0.0  # after a loss the fleet comes back over so many seconds
    tags: dict[str, str] = field(default_factory=dict)
    masters: bytes = b""  # the masters document, if there is one
    session: bytes = b""

    def to_wire(self) -> dict[str, Any]:
        """Return the body that is sealed."""
        return {
            "v": self.protocol,
            "nonce": self.nonce,
            "status": self.status,
            "time": self.time,
            "reason": self.reason,
            "heartbeat_s": self.heartbeat_s,
            "retry_after_s": self.retry_after_s,
            "spread_s": self.spread_s,
            "tags": self.tags,
            "masters": self.masters,
            "session": self.session,
        }

    @classmethod
    def from_wire(cls, value: object) -> Welcome:
        """Check everything. Raises WireError only."""
        fields = Fields(value, "welcome")
        status = fields.text("status", 16)
        if status not in STATUSES:
            raise WireError(f"welcome: unknown status {status!r}")
        tags = fields.mapping("tags", MAX_TAGS)
        for key, tag in tags.items():
            if len(key) > 64 or not isinstance(tag, str) or len(tag) > 256:
                raise WireError(f"welcome: tag {key[:64]!r} is not short text")
        heartbeat_s, retry_after_s = fields.seconds("heartbeat_s"), fields.seconds("retry_after_s")
        spread_s = fields.seconds("spread_s")
        if not 1 <= heartbeat_s <= MAX_WAIT_S or max(retry_after_s, spread_s) > MAX_WAIT_S:
            raise WireError("welcome: heartbeat_s, retry_after_s or spread_s is out of range")
        welcome = cls(
            protocol=fields.integer("v", OLDEST_PROTOCOL, NEWEST_PROTOCOL),
            nonce=fields.blob("nonce", NONCE_BYTES, exact=NONCE_BYTES),
            status=status,
            time=fields.seconds("time"),
            reason=fields.text("reason", 1000),
            heartbeat_s=heartbeat_s,
            retry_after_s=retry_after_s,
            spread_s=spread_s,
            tags=tags,
            masters=fields.blob("masters", MAX_MASTERS_BYTES),
            session=fields.blob("session", 32),
        )
        fields.done()
        return welcome


def seal_welcome(welcome: Welcome, key: SignKey, certificate: bytes) -> bytes:
    """Return `welcome` sealed by a master."""
    return seal(WELCOME, encode(welcome.to_wire()), key, certificate)


def judge_welcome(
    frame: bytes, nonce: bytes, anchor: TrustAnchor, floor: float
) -> tuple[Welcome, MasterCertificate]:
    """Return the welcome that answers our `nonce`, and the certificate of the master that sent it.

    `floor` is the earliest it can be now, epoch seconds: `FloorClock.floor`, or `FloorClock.now()` on a box
    that knows its system clock to be right. The caller then anchors its clock on the welcome's time.

    Raises:
        WireError: malformed or too large.
        TrustError: as `open_sealed`, and `wrong nonce`.
    """
    body, certificate = open_undated(frame, WELCOME, anchor, MAX_WELCOME_BYTES)
    welcome = Welcome.from_wire(decode(body, MAX_WELCOME_BYTES))
    if not same_bytes(welcome.nonce, nonce):
        raise TrustError("wrong nonce", "the welcome answers another hello than ours")
    certificate.check_at(max(floor, welcome.time))
    return welcome, certificate
