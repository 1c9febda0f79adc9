"""A minion's key as the master keeps it, and the rows it is made of."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from master.store.schema import minions
from shoal.errors import StoreError

ACCEPTED: Final = "accepted"
PENDING: Final = "pending"
REJECTED: Final = "rejected"
DENIED: Final = "denied"
STATES: Final = (ACCEPTED, PENDING, REJECTED, DENIED)
_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class MinionRecord:
    """One key pair of one minion id.

    An id *holds* the key that is accepted, pending or rejected, one at most; denied keys are what others
    showed under that id. Making a record with an unknown state or a key of another length raises StoreError.
    """

    id: str
    state: str  # one of STATES
    curve_key: bytes
    sign_key: bytes
    fingerprint: str
    first_seen: float  # epoch seconds
    changed_at: float
    source: str = ""  # the address it came from
    reason: str = ""  # why it is in this state, for people

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise StoreError(f"minion {self.id}: unknown key state {self.state!r}")
        if len(self.curve_key) != _KEY_BYTES or len(self.sign_key) != _KEY_BYTES:
            raise StoreError(f"minion {self.id}: a public key has {_KEY_BYTES} bytes")


_FIELDS: Final = tuple(field.name for field in fields(MinionRecord))
RECORD_COLUMNS: Final = tuple(minions.c[name] for name in _FIELDS)


def record_of(row: Any) -> MinionRecord:
    """Return the record in a row of RECORD_COLUMNS."""
    return MinionRecord(**dict(zip(_FIELDS, row, strict=True)))


def values_of(record: MinionRecord) -> dict[str, Any]:
    """Return the row for `record`. Ids are ASCII, so lower case is their folded form."""
    return asdict(record) | {"id_folded": record.id.lower()}
