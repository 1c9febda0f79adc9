"""A pillar on its way to its box: what the box asks (verb `pillar`), and what the master hands to it.

A question is `{n, nonce, pillarenv, grains}`. It has no field for an id: the master knows whose connection it is. Of
what a box says only `pillarenv` decides what it gets. `grains` is the digest of those that the pillar should be made
of; a master that has others says `GRAINS_FIRST`, because they are on their way. Empty: whatever it has.

What is handed is worth as much as the seal around it (pki/pillar.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from shoal.errors import WireError
from shoal.files.names import MAX_ENV, check_env
from shoal.grains_report import MAX_DIGEST_BYTES
from shoal.wire import Fields, decode

PILLAR_VERSION: Final = 1
# A pillar goes to its box in one message, is kept there in memory and on the disk, and each job is handed a copy. A
# megabyte is a large pillar; files belong into file_roots.
MAX_PILLAR_BYTES: Final = 4 * 1024 * 1024  # packed
MAX_HANDED_BYTES: Final = MAX_PILLAR_BYTES + 2048
NONCE_BYTES: Final = 16
GRAINS_FIRST: Final = "your grains first"


@dataclass(frozen=True, slots=True, kw_only=True)
class PillarQuestion:
    """See the module docstring."""

    nonce: bytes
    pillarenv: str = ""  # "": as the master is configured
    grains: bytes = b""

    def to_wire(self) -> dict[str, Any]:
        """Return the message body, without its number."""
        return {"nonce": self.nonce, "pillarenv": self.pillarenv, "grains": self.grains}

    @classmethod
    def from_fields(cls, fields: Fields) -> PillarQuestion:
        """Check and read what follows the number. Raises WireError."""
        made = cls(
            nonce=fields.blob("nonce", NONCE_BYTES, exact=NONCE_BYTES),
            pillarenv=_env(fields),
            grains=fields.blob("grains", MAX_DIGEST_BYTES),
        )
        fields.done()
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedPillar:
    """The pillar of minion `to`, made at `issued` (the master's time) because of the question with this nonce."""

    fleet: str
    to: str
    nonce: bytes
    issued: float
    pillarenv: str
    packed: bytes

    def __repr__(self) -> str:
        return f"HandedPillar(to={self.to!r}, {len(self.packed)} bytes)"

    def value(self) -> dict[str, Any]:
        """Return the pillar. Raises WireError."""
        return read_packed(self.packed)

    def to_wire(self) -> dict[str, Any]:
        """Return the body that is sealed."""
        return {
            "v": PILLAR_VERSION,
            "fleet": self.fleet,
            "to": self.to,
            "nonce": self.nonce,
            "issued": self.issued,
            "pillarenv": self.pillarenv,
            "packed": self.packed,
        }

    @classmethod
    def from_wire(cls, value: object) -> HandedPillar:
        """Check everything but what is packed. Raises WireError only."""
        fields = Fields(value, "pillar")
        fields.integer("v", PILLAR_VERSION, PILLAR_VERSION)
        made = cls(
            fleet=fields.text("fleet", 32),
            to=fields.text("to", 253),
            nonce=fields.blob("nonce", NONCE_BYTES, exact=NONCE_BYTES),
            issued=fields.seconds("issued"),
            pillarenv=_env(fields),
            packed=fields.blob("packed", MAX_PILLAR_BYTES),
        )
        fields.done()
        return made


def read_packed(packed: bytes) -> dict[str, Any]:
    """Return the pillar in `packed`; nothing is an empty one. Raises WireError."""
    value = decode(packed, MAX_PILLAR_BYTES) if packed else {}
    if not isinstance(value, dict):
        raise WireError(f"pillar: a map expected, got {type(value).__name__}")
    return value


def _env(fields: Fields) -> str:
    env = fields.text("pillarenv", MAX_ENV)
    return check_env(env) if env else ""
