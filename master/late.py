"""Words on jobs that are not in memory (after a restart, or days later): the store says if they are wanted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from master.runs import Run, Runs
from master.store.store import Store
from master.writer import Writer
from shoal.errors import StoreError

log = logging.getLogger(__name__)

_MAX_WAITING: Final = 20_000
_MAX_BYTES: Final = 64 * 1024 * 1024
Verdict = Callable[["Run | None"], None]


class LateWords:
    """Looks jobs up, each once, while what was said of them waits in memory."""

    def __init__(self, store: Store, writer: Writer, runs: Runs) -> None:
        self._store = store
        self._writer = writer
        self._runs = runs
        self._waiting: dict[str, list[tuple[int, Verdict]]] = {}
        self._count = self._bytes = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(self, jid: str, size: int, verdict: Verdict) -> bool:
        """Look up a job, then call `verdict`, which holds `size` bytes, with its run or None. False: too many wait."""
        if self._count >= _MAX_WAITING or self._bytes + size > _MAX_BYTES:
            return False
        self._count += 1
        self._bytes += size
        waiting = self._waiting.setdefault(jid, [])
        waiting.append((size, verdict))
        if len(waiting) == 1:
            task = asyncio.get_running_loop().create_task(self._look_up(jid))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return True

    async def _look_up(self, jid: str) -> None:
        run: Run | None = None
        failed = False
        try:
            run = self._runs.get(jid) or await self._writer.read(self._recall, jid)
        except StoreError as error:
            failed = True  # unanswered, the minion sends it again
            log.error("cannot look up job %s: %s", jid, error, extra={"action": "late_return_unread"})
        waiting = self._waiting.pop(jid, [])
        self._count -= len(waiting)
        self._bytes -= sum(size for size, _ in waiting)
        if run is not None:
            run = self._runs.get(jid) or self._runs.recall(
                jid, run.fun, run.targets, run.returned, run.returners
            )
        for _, verdict in waiting:
            if not failed:
                verdict(run)

    def _recall(self, jid: str) -> Run | None:
        record = self._store.jobs.get(jid)
        if record is None:
            return None
        missing = set(self._store.returns.missing(jid))
        returned = {minion for minion in record.targets if minion not in missing}
        return Run(jid, record.fun, frozenset(record.targets), returners=record.returners, returned=returned)
