"""Records to store; a test names only what it is about."""

from __future__ import annotations

from typing import Any

from master.store import FactsRecord, JobRecord, MinionRecord, TokenRecord
from shoal.ids import JidMaker
from shoal.returns import Return
from shoal.wire import encode

NOW = 1_800_000_000.0  # FakeClock's start


def jid_at(seconds: float) -> str:
    """Return the jid of a job issued `seconds` after NOW."""
    return JidMaker().new(NOW + seconds)


JID = jid_at(0)


def job(seconds: float = 0.0, **changes: Any) -> JobRecord:
    values: dict[str, Any] = {
        "jid": jid_at(seconds),
        "fun": "test.ping",
        "user": "anna",
        "target_kind": "glob",
        "target": "web*",
        "issued": NOW + seconds,
        "expires": NOW + seconds + 5,
        "targets": ("web1", "web2"),
    }
    return JobRecord(**(values | changes))


def answer(minion: str = "web1", jid: str = JID, **changes: Any) -> Return:
    values: dict[str, Any] = {
        "jid": jid,
        "minion": minion,
        "fun": "test.ping",
        "outcome": "done",
        "retcode": 0,
        "packed": encode(True),
        "started": NOW,
        "duration_s": 0.25,
    }
    return Return(**(values | changes))


def key(minion: str = "web1", number: int = 1, state: str = "accepted", **changes: Any) -> MinionRecord:
    """Return a record of key pair `number`."""
    values: dict[str, Any] = {
        "id": minion,
        "state": state,
        "curve_key": bytes([number]) * 32,
        "sign_key": bytes([number + 100]) * 32,
        "fingerprint": f"{number:02x}:" * 31 + "00",
        "first_seen": NOW,
        "changed_at": NOW,
    }
    return MinionRecord(**(values | changes))


def facts(minion: str = "web1", **changes: Any) -> FactsRecord:
    values: dict[str, Any] = {"minion": minion, "packed_grains": encode({"os": "Debian", "num_cpus": 4})}
    return FactsRecord(**(values | changes))


def token(name: str = "t1", uses: int = 1, **changes: Any) -> TokenRecord:
    values: dict[str, Any] = {
        "id": name,
        "secret_hash": name.encode().ljust(32, b"."),
        "created": NOW,
        "expires": NOW + 3600,
        "uses_left": uses,
        "max_uses": uses,
    }
    return TokenRecord(**(values | changes))
