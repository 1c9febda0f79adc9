"""A return: what one minion answers to one job. A failed job is a return too, not an exception.

The value travels as msgpack inside the message (`packed`), so that the master stores it without taking it
apart; `value()` decodes it, within bounds, for whoever wants to look.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from shoal.errors import WireError
from shoal.ids import check_function_name, check_jid
from shoal.wire import Fields, decode, encode

MAX_VALUE_BYTES: Final = 4 * 1024 * 1024
MAX_VALUES: Final = 250_000  # in the lists and maps of a value: it is taken apart on the master's one thread
MAX_RETURN_BYTES: Final = MAX_VALUE_BYTES + 4096

# How a job ended. Anything but "done" carries an explaining text as its value.
# "cancelled": an operator took it back before it began; one that had begun is "killed".
# "superseded": a newer job of its channel came before it began; "expired": its time was over before it began.
OUTCOMES: Final = (
    "done", "failed", "refused", "timed_out", "killed", "cancelled", "superseded", "expired", "outcome_unknown",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """One minion's answer. `minion` is filled in by the receiver from the authenticated peer, never sent."""

    jid: str
    fun: str
    outcome: str  # one of OUTCOMES
    retcode: int
    packed: bytes  # the value as msgpack
    started: float  # epoch seconds on the box
    duration_s: float
    trimmed: int = 0  # bytes of output that were cut off
    out: str = ""  # the outputter the function asks for ("nested" if empty)
    minion: str = ""

    @property
    def success(self) -> bool:
        """True when the function ended by itself and said it went well."""
        return self.retcode == 0 and self.outcome == "done"

    def value(self) -> Any:
        """Return the decoded value. Raises WireError."""
        return decode(self.packed, MAX_VALUE_BYTES, MAX_VALUES)

    def to_wire(self) -> dict[str, Any]:
        """Return the message body."""
        return {
            "jid": self.jid,
            "fun": self.fun,
            "outcome": self.outcome,
            "retcode": self.retcode,
            "packed": self.packed,
            "started": self.started,
            "duration_s": self.duration_s,
            "trimmed": self.trimmed,
            "out": self.out,
        }

    @classmethod
    def from_wire(cls, value: object, minion: str = "") -> Return:
        """Check everything but the packed value. Raises WireError only."""
        fields = Fields(value, "return")
        outcome = fields.text("outcome", 32)
        if outcome not in OUTCOMES:
            raise WireError(f"return: unknown outcome {outcome!r}")
        made = cls(
            jid=check_jid(fields.text("jid", 20)),
            fun=check_function_name(fields.text("fun", 130)),
            outcome=outcome,
            retcode=fields.integer("retcode", -(2**31), 2**31),
            packed=fields.blob("packed", MAX_VALUE_BYTES),
            started=fields.seconds("started"),
            duration_s=fields.seconds("duration_s"),
            trimmed=fields.integer("trimmed", 0, 2**63 - 1),
            out=fields.text("out", 32),
            minion=minion,
        )
        fields.done()
        return made


def failure(jid: str, fun: str, outcome: str, text: str, *, retcode: int = 1, started: float) -> Return:
    """Return the answer for a job that did not end by itself; `text` says why."""
    return Return(
        jid=jid,
        fun=fun,
        outcome=outcome,
        retcode=retcode,
        packed=encode(text),
        started=started,
        duration_s=0.0,
    )
