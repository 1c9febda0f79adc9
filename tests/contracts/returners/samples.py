"""A return to hand over; a test names only what it is about."""

from __future__ import annotations

from typing import Any

from returners.contract import ReturnCopy
from shoal.wire import encode

JID = "20271115080000123456"


def copy(minion: str = "web1", value: Any = True, **changes: Any) -> ReturnCopy:
    values: dict[str, Any] = {
        "jid": JID, "minion": minion, "fun": "test.ping", "user": "anna", "outcome": "done", "retcode": 0,
        "success": True, "packed": encode(value), "started": 1_800_000_000.5, "duration_s": 0.25,
        "stored_at": 1_800_000_001.0,
    }  # fmt: skip
    return ReturnCopy(**(values | changes))
