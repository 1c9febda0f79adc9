"""Calls a job's function and turns whatever happens into an `Ending`.

Used in the forked child and, for inline functions, in the executor itself. Nothing a function does may get
past `call_function`: not SystemExit, not a result that cannot be packed.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import TracebackType
from typing import Any, Final

from minion.executor import resume
from minion.executor.interrupted import Known, unknown
from minion.executor.trim import pack_value
from modules import blackout
from modules.context import Context
from modules.result import Result
from shoal.errors import ShoalError, WireError
from shoal.functions.signature import bind
from shoal.job import Job
from shoal.returns import OUTCOMES
from shoal.wire import Fields

log = logging.getLogger(__name__)

_MIB: Final = 1024 * 1024


class Interruption(BaseException):
    """Raised into a function by a signal handler: its time is up, or somebody ends it.

    Not an Exception, so that a function's own `except Exception` lets it through.
    """

    def __init__(self, outcome: str, text: str) -> None:
        self.outcome = outcome
        self.text = text
        super().__init__(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a function ended, on its way from child to executor."""

    outcome: str
    retcode: int
    packed: bytes
    trimmed: int = 0
    out: str = ""

    def to_wire(self) -> dict[str, Any]:
        """Return the message body."""
        return {
            "op": "result",
            "outcome": self.outcome,
            "retcode": self.retcode,
            "packed": self.packed,
            "trimmed": self.trimmed,
            "out": self.out,
        }

    @classmethod
    def from_wire(cls, value: object, max_bytes: int) -> Ending:
        """Check everything but the packed value. Raises WireError only."""
        fields = Fields(value, "result")
        fields.text("op", 16)
        outcome = fields.text("outcome", 32)
        if outcome not in OUTCOMES:
            raise WireError(f"result: unknown outcome {outcome!r}")
        made = cls(
            outcome=outcome,
            retcode=fields.integer("retcode", -(2**31), 2**31),
            packed=fields.blob("packed", max_bytes),
            trimmed=fields.integer("trimmed", 0, 2**63),
            out=fields.text("out", 32),
        )
        fields.done()
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a call must keep to."""

    output_max_bytes: int
    memory_max_bytes: int = 0
    disabled: tuple[str, ...] = ()  # patterns of functions that are not run


def call_function(job: Job, ctx: Context, bounds: Bounds, since: float = 0.0) -> Ending:
    """Find the job's function, call it with the job's arguments and return how that went; never raises.

    With `since` the job had begun before, at that epoch second, and `resume.py` has a word first.
    """
    try:
        known = resume.judge(job, ctx, since) if since else None
        if known is not None:
            return ending(known.outcome, known.text, bounds, retcode=int(known.outcome != "done"))
        function = ctx.registry.get(job.fun)
        for name in (function.name, *function.aliases):  # the daemon has looked at the name in the job only
            if any(fnmatchcase(name, pattern) for pattern in bounds.disabled):
                text = f"Refused by this minion: {job.fun} is {name}, which is disabled in its configuration"
                return ending("refused", text, bounds)
        args, kwargs = bind(function, job.args, job.kwargs, from_text=job.from_text, no_parse=job.no_parse)
        if refusal := blackout.forbids(ctx, function, job.fun, args, kwargs):
            return _frozen(job, refusal, bounds, since)
        value = function.call(ctx, *args, **kwargs)
        return _done(value, function.out, bounds)
    except Interruption as error:
        return ending(error.outcome, error.text, bounds)
    except BaseException as error:
        return from_error(error, job, bounds)


def ending(outcome: str, text: str, bounds: Bounds, retcode: int = 1) -> Ending:
    """Return an ending that explains itself in `text`."""
    packed, trimmed = pack_value(text, bounds.output_max_bytes)
    return Ending(outcome=outcome, retcode=retcode, packed=packed, trimmed=trimmed)


def from_error(error: BaseException, job: Job, bounds: Bounds) -> Ending:
    """Return the ending for a function that raised `error`; what is a surprise goes to the box's log."""
    if isinstance(error, ShoalError):
        return ending("failed", _text(error) or type(error).__name__, bounds)
    if isinstance(error, MemoryError) and bounds.memory_max_bytes:
        limit = bounds.memory_max_bytes // _MIB
        return ending("killed", f"The function needed more memory than the limit of {limit} MiB.", bounds)
    if isinstance(error, SystemExit):
        return _exited(error, bounds)
    log.error(
        "%s caused an exception", job.fun, exc_info=error,
        extra={"action": "job_exception", "job": job.log_context()},
    )  # fmt: skip
    what = f"{type(error).__name__}: {_text(error)}".rstrip(": ")
    text = f"The minion function caused an exception: {what}{_place(error.__traceback__)}"
    return ending("failed", text, bounds)


def _frozen(job: Job, refusal: str, bounds: Bounds, since: float) -> Ending:
    """Answer for a job that a blackout forbids."""
    log.warning("refused: %s", refusal, extra={"action": "blackout", "job": job.log_context()})
    text = f"Refused by this minion: {refusal}"
    known = unknown(since, text) if since else Known("refused", text)
    return ending(known.outcome, known.text, bounds)


def _done(value: object, out: str, bounds: Bounds) -> Ending:
    retcode = trimmed = 0
    if isinstance(value, Result):
        retcode = min(max(int(value.retcode), -(2**31)), 2**31)
        out = value.out or out
        trimmed = max(0, int(value.trimmed))
        value = value.value
    packed, more = pack_value(value, bounds.output_max_bytes)
    return Ending(outcome="done", retcode=retcode, packed=packed, trimmed=trimmed + more, out=out[:32])


def _exited(error: SystemExit, bounds: Bounds) -> Ending:
    code = error.code
    retcode = code if isinstance(code, int) and 0 < code < 256 else 1
    said = "" if code is None else f" with {_text(code)}"
    return ending("failed", f"The function called sys.exit{said} instead of returning.", bounds, retcode)


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception as error:  # a stranger's __str__
        return f"<unprintable {type(value).__name__}: {type(error).__name__}>"


def _place(traceback: TracebackType | None) -> str:
    """Return ` (file:line)` of where the exception was raised."""
    if traceback is None:
        return ""
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    path = traceback.tb_frame.f_code.co_filename
    return f" ({'/'.join(path.split('/')[-2:])}:{traceback.tb_lineno})"
