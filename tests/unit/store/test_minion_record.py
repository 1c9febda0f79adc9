from __future__ import annotations

import pytest

from master.store import MinionRecord
from shoal.errors import StoreError

GOOD = {
    "id": "web1",
    "state": "accepted",
    "curve_key": b"c" * 32,
    "sign_key": b"s" * 32,
    "fingerprint": "ab:cd",
    "first_seen": 1.0,
    "changed_at": 1.0,
}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"state": "trusted"}, "unknown key state 'trusted'"),
        ({"curve_key": b"c" * 31}, "a public key has 32 bytes"),
        ({"sign_key": b""}, "a public key has 32 bytes"),
    ],
)
def test_record_with_a_bad_key_or_state_cannot_be_made(changes: dict[str, object], says: str) -> None:
    with pytest.raises(StoreError, match=f"minion web1: {says}"):
        MinionRecord(**(GOOD | changes))  # type: ignore[arg-type]
