"""What an operator orders, read from the control socket and checked: an `Order`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from master.delivery_rules import MAX_TTL_S
from master.store.jobs import JobRecord
from shoal.errors import ConfigError, ShoalError, WireError
from shoal.ids import check_function_name
from shoal.job import MAX_CHANNEL, MODES
from shoal.targets import Target
from shoal.wire import Fields

_BATCH: Final = re.compile(r"([1-9][0-9]{0,6})(%?)")
_MAX_WAIT_S: Final = 31 * 86400.0


class IntakeError(ShoalError):
    """An order that is not carried out; `kind` tells programs why."""

    def __init__(self, kind: str, text: str) -> None:
        self.kind = kind
        super().__init__(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """How many minions at a time: a number, or percent of the targets."""

    count: int
    percent: bool

    def size(self, targets: int) -> int:
        """Return the window for this many targets, at least 1."""
        return max(1, targets * self.count // 100) if self.percent else self.count

    @classmethod
    def parse(cls, text: str) -> Batch | None:
        """Read `5` or `10%`; nothing means no batch. Raises ConfigError."""
        if not text:
            return None
        found = _BATCH.fullmatch(text)
        if not found or (found[2] and int(found[1]) > 100):
            raise ConfigError(f"bad batch size {text[:20]!r}: a number like 5 or a share like 10% expected")
        return cls(count=int(found[1]), percent=bool(found[2]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A job as an operator wants it, before targets are resolved. Times in seconds."""

    target: Target
    fun: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    from_text: bool
    no_parse: tuple[str, ...]
    timeout_s: float  # how long to wait for a sign of each minion; 0 = the master's default
    job_timeout_s: float  # the function is stopped after this; 0 = the minion's own limit
    mode: str  # "": as the configuration says for the function
    channel: str  # of a desired job; "": the configuration's, or the function's name
    queue_ttl_s: float  # how long it waits for its minions; 0: the mode's default
    batch: Batch | None
    batch_wait_s: float
    subset: int
    failhard: bool
    wait: bool  # False for --async
    metadata: dict[str, Any]
    returners: tuple[str, ...]

    @classmethod
    def again(cls, job: JobRecord, minions: Sequence[str]) -> Order:
        """Return the order of a job that is to run once more on some of its minions."""
        return cls(
            target=Target(kind="list", expr=",".join(minions)),
            fun=job.fun,
            args=job.args,
            kwargs=dict(job.kwargs),
            from_text=job.from_text,
            no_parse=job.no_parse,
            timeout_s=0.0,
            job_timeout_s=job.timeout_s,
            mode=job.mode,
            channel=job.channel,
            queue_ttl_s=job.expires - job.issued if job.mode != "now" else 0.0,
            batch=None,
            batch_wait_s=0.0,
            subset=0,
            failhard=False,
            wait=False,
            metadata={**job.metadata, "retry_of": job.jid},
            returners=job.returners,
        )

    @classmethod
    def from_wire(cls, value: object) -> Order:
        """Check everything. Raises WireError, ConfigError."""
        fields = Fields(value, "run")
        fields.take("op", str)
        mode = fields.text("mode", 16, "")
        if mode not in ("", *MODES):
            raise WireError(f"run: unknown mode {mode!r}")
        order = cls(
            target=Target.from_wire(fields.take("target", dict)),
            fun=check_function_name(fields.text("fun", 130)),
            args=tuple(fields.take("args", list, [])),
            kwargs=fields.mapping("kwargs", 1000, {}),
            from_text=fields.flag("from_text", False),
            no_parse=fields.texts("no_parse", 100, 100, ()),
            timeout_s=min(fields.seconds("timeout_s", 0.0), _MAX_WAIT_S),
            job_timeout_s=min(fields.seconds("job_timeout_s", 0.0), _MAX_WAIT_S),
            mode=mode,
            channel=_channel(fields.text("channel", MAX_CHANNEL, ""), mode),
            queue_ttl_s=min(fields.seconds("queue_ttl_s", 0.0), MAX_TTL_S),
            batch=Batch.parse(fields.text("batch", 20, "")),
            batch_wait_s=min(fields.seconds("batch_wait_s", 0.0), _MAX_WAIT_S),
            subset=fields.integer("subset", 0, 10_000_000, 0),
            failhard=fields.flag("failhard", False),
            wait=not fields.flag("async", False),
            metadata=fields.mapping("metadata", 1000, {}),
            returners=fields.texts("returners", 16, 64, ()),
        )
        fields.done()
        return order


def _channel(name: str, mode: str) -> str:
    if name and mode != "desired":
        raise WireError("run: a channel is for mode 'desired'")
    if not name.isprintable():
        raise WireError("run: a channel's name is printable text")
    return name
