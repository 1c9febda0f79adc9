"""A master's wish that a job should not run, or not go on, on one minion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shoal.ids import check_function_name, check_jid
from shoal.wire import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Which job; with its expiry (epoch seconds), so that a box which never had it can refuse it until then."""

    jid: str
    fun: str
    expires: float

    def to_wire(self) -> dict[str, Any]:
        """Return the message body."""
        return {"jid": self.jid, "fun": self.fun, "expires": self.expires}

    @classmethod
    def from_wire(cls, value: object) -> Cancel:
        """Check everything. Raises WireError only."""
        fields = Fields(value, "cancel")
        made = cls(
            jid=check_jid(fields.text("jid", 20)),
            fun=check_function_name(fields.text("fun", 130)),
            expires=fields.seconds("expires"),
        )
        fields.done()
        return made
