"""Jobs and returns to keep; a test names only what it is about."""

from __future__ import annotations

from typing import Any

from shoal.job import Job
from shoal.returns import Return
from shoal.wire import encode

NOW = 1_800_000_000.0
HOUR = 3600.0


def jid(number: int) -> str:
    return f"{number:020d}"


def a_job(number: int, **changes: Any) -> Job:
    fields: dict[str, Any] = {
        "jid": jid(number), "fleet": "f" * 64, "to": "*", "fun": "test.echo", "issued": NOW,
        "expires": NOW + HOUR, "user": "root", "args": ("hello",), "mode": "queue",
    }  # fmt: skip
    return Job(**(fields | changes))


def a_return(number: int, value: Any = "hello", **changes: Any) -> Return:
    fields: dict[str, Any] = {
        "jid": jid(number), "fun": "test.echo", "outcome": "done", "retcode": 0, "packed": encode(value),
        "started": NOW, "duration_s": 0.5,
    }  # fmt: skip
    return Return(**(fields | changes))
