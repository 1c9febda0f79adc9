"""`memory`: keeps the newest returns in the master's memory. For tests, and to try `--return` without a receiver."""

from __future__ import annotations

from dataclasses import dataclass

from returners.contract import Batch, ReturnCopy, ReturnerOptions
from shoal.config.setting import setting
from shoal.errors import ReturnerError


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryOptions(ReturnerOptions):
    """The options of `memory`."""

    keep_rows: int = setting(1000, "Returns that are kept, the newest", low=1, high=10**6)


class MemoryReturner:
    """See the module docstring. `error`, if set, is raised in place of taking a batch."""

    Options = MemoryOptions

    def __init__(self, options: MemoryOptions) -> None:
        self._keep = options.keep_rows
        self.taken: dict[tuple[str, str], ReturnCopy] = {}
        self.error: ReturnerError | None = None

    def deliver(self, batch: Batch) -> None:
        """Keep those that are new. Raises what `error` says."""
        self.check()
        for copy in batch:
            self.taken.setdefault((copy.jid, copy.minion), copy)
        while len(self.taken) > self._keep:
            del self.taken[next(iter(self.taken))]

    def check(self) -> None:
        """Raise `error` if it is set."""
        if self.error is not None:
            raise self.error
