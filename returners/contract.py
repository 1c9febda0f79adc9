"""What a returner is: a class with `Options`, made with them, that has `deliver` and `check`.

1. `deliver` blocks, in a thread that is this returner's alone. When it returns, the receiver has the whole batch.
2. It may get the same return twice (the master was killed before it noted the delivery). (jid, minion) names a
   return; whoever can, keeps only the first.
3. What goes wrong is a ReceiverAwayError, TryAgainError or RefusedError, in one line without secrets or values.
4. Options are read from the master's configuration: a frozen dataclass that extends `ReturnerOptions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Protocol

from shoal.config.setting import setting
from shoal.returns import MAX_VALUE_BYTES, MAX_VALUES
from shoal.secret import Secret
from shoal.wire import decode

_DAY: Final = 86_400.0
_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnCopy:
    """One minion's answer to one job, for a receiver. Times are epoch seconds."""

    jid: str
    minion: str
    fun: str
    user: str  # who ordered the job; "" if the master does not know
    outcome: str
    retcode: int
    success: bool
    packed: bytes  # the value as msgpack
    started: float
    duration_s: float
    stored_at: float
    args: tuple[Any, ...] | None = None  # None unless `send_arguments`
    kwargs: Mapping[str, Any] | None = None

    def value(self) -> Any:
        """Return the decoded value. Raises WireError."""
        return decode(self.packed, MAX_VALUE_BYTES, MAX_VALUES)


Batch = tuple[ReturnCopy, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnerOptions:
    """What every returner may be told; the master's queue obeys these."""

    type: str = setting(doc="Which returner: jsonl, memory, sql, webhook, or one that is installed beside")
    send_arguments: bool = setting(
        False, "Send the job's arguments along; people put passwords into arguments"
    )
    batch_max_rows: int = setting(500, "Returns that are delivered together", low=1, high=5000)
    batch_max_bytes: int = setting(4 * _MIB, "And their bytes; a larger one goes alone", low=1024, high=10**9)
    queue_max_rows: int = setting(
        100_000, "Returns that may wait, and as many dead letters; the oldest go first", low=1, high=10**8
    )
    queue_max_age_s: float = setting(7 * _DAY, "How long they wait", low=60, high=366 * _DAY)
    retry_max_s: float = setting(300.0, "Longest wait between two tries", low=0.1, high=_DAY)
    tries_max: int = setting(
        20, "Tries of a return that the receiver does not take, before it is a dead letter", low=1, high=10**6
    )

    def secrets(self) -> tuple[Secret, ...]:
        """Return every secret among the options, to be kept out of logs and errors."""
        found: list[Secret] = []
        for made in fields(self):
            value = getattr(self, made.name)
            inner = value.values() if isinstance(value, Mapping) else (value,)
            found += [each for each in inner if isinstance(each, Secret) and each]
        return tuple(found)


class Returner(Protocol):
    """One receiver, as the master's worker sees it."""

    def deliver(self, batch: Batch) -> None:
        """Hand over the whole batch. Raises ReceiverAwayError, TryAgainError, RefusedError."""

    def check(self) -> None:
        """Find out whether the receiver would take something now, without leaving a return. Raises ReturnerError."""


class ReturnerKind(Protocol):
    """The class of a returner."""

    @property
    def Options(self) -> type[ReturnerOptions]:  # noqa: N802 - a class in a class
        """The dataclass of its options."""

    def __call__(self, options: Any) -> Returner:
        """Return a returner; nothing is connected yet. Raises ConfigError."""
