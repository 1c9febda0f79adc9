"""Looks for changes of the git repositories that are served: when the master starts, now and again, and when asked."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from master.fileserver.catalog import Catalog
from master.fileserver.git import GitRoots


class Updates:
    """One thread of its own: a server that does not answer holds up nobody else."""

    def __init__(self, git: GitRoots, catalog: Catalog, interval_s: float) -> None:
        self._git = git
        self._catalog = catalog
        self._interval_s = interval_s
        self._thread = ThreadPoolExecutor(1, "gitfs")

    async def run(self) -> None:
        """Update again and again, until cancelled."""
        while True:
            await self.now()
            await asyncio.sleep(self._interval_s)

    async def now(self) -> dict[str, str]:
        """Update, after an update that is under way; return what went wrong, by address."""
        errors = await asyncio.get_running_loop().run_in_executor(self._thread, self._git.update)
        self._catalog.clear()
        return errors

    def close(self) -> None:
        """End what is under way."""
        self._git.stop()
        self._thread.shutdown(wait=False, cancel_futures=True)
