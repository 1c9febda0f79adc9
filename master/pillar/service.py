"""Makes pillar for whoever asks, beside the master's loop: templates in one thread, external sources in a few.

One thread for templates, because renderings are shared and Python runs one at a time anyway; sources wait for disks and
networks. What waits is bounded.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, TypeVar

from master.config import MasterConfig
from master.pillar.opened import SealKey, masked
from master.pillar.sources.gather import Sources
from master.roster import Roster
from shoal.errors import RenderError, StoreError
from shoal.paths import Paths
from shoal.pillar.compiler import PillarCompiler, Rules
from shoal.pillar.failure import PillarError
from shoal.pillar.inputs import Box
from shoal.pillar.merged import Merged

log = logging.getLogger(__name__)

Result = TypeVar("Result")
_SOURCE_THREADS: Final = 4
_MAX_WAITING: Final = 20_000


class PillarService:
    """See the module docstring."""

    def __init__(self, compiler: PillarCompiler, sources: Sources, key: SealKey, roster: Roster) -> None:
        self.key = key
        self._compiler = compiler
        self._sources = sources
        self._roster = roster
        self._rendering = ThreadPoolExecutor(1, "pillar")
        self._asking = ThreadPoolExecutor(_SOURCE_THREADS, "ext_pillar")
        self._waiting = 0

    @property
    def counts(self) -> Counter[str]:
        """What the compiler has done."""
        return self._compiler.counts

    async def opened(self, minion: str, pillarenv: str = "") -> Mapping[str, Any]:
        """Return a known minion's pillar in plain, for that minion. Raises as `merged`, and ConfigError, TrustError."""
        merged = await self.merged(minion, pillarenv)
        return await self.beside(self.key.opened, merged, minion)

    async def masked(self, minion: str, pillarenv: str = "") -> Mapping[str, Any]:
        """Return a known minion's pillar with stars for sealed values. Raises as `merged`."""
        return masked(await self.merged(minion, pillarenv))

    async def merged(self, minion: str, pillarenv: str = "") -> Merged:
        """Return a known minion's pillar, and let targets be matched on it.

        Raises:
            PillarError: it cannot be made.
            StoreError: too much waits already.
        """
        box = await self._box(minion)
        merged = await self.beside(self._compiler.compile, box, pillarenv)
        if not pillarenv:
            self._roster.set_pillar(minion, merged.value)
        return merged

    async def top(self, minion: str, pillarenv: str = "") -> dict[str, list[str]]:
        """Return which SLS a known minion gets, by environment. Raises PillarError, StoreError."""
        return await self.beside(self._compiler.top, await self._box(minion), pillarenv)

    async def beside(self, function: Callable[..., Result], *args: Any) -> Result:
        """Run something in the rendering thread, after what waits there."""
        return await self._run(self._rendering, function, *args)

    def close(self) -> None:
        """Stop the threads."""
        self._rendering.shutdown(wait=False, cancel_futures=True)
        self._asking.shutdown(wait=False, cancel_futures=True)

    async def _box(self, minion: str) -> Box:
        if minion not in self._roster:
            raise PillarError(minion, [RenderError("there is no accepted minion of that id")])
        grains, tags = self._roster.grains(minion), self._roster.tags(minion)
        external: dict[str, Any] = {}
        if self._sources:
            external = await self._run(self._asking, self._sources.fetch, minion, tags)
        return Box(id=minion, grains=grains, tags=tags, external=external)

    async def _run(self, threads: ThreadPoolExecutor, function: Callable[..., Result], *args: Any) -> Result:
        if self._waiting >= _MAX_WAITING:
            raise StoreError(f"{_MAX_WAITING} pillars are waited for already")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, partial(function, *args))
        finally:
            self._waiting -= 1


def open_pillar(config: MasterConfig, paths: Paths, roster: Roster) -> PillarService:
    """Return the service for what the configuration says; nothing is read yet. Raises ConfigError."""
    rules = Rules(
        strategy=config.pillar_source_merging_strategy,
        merge_lists=config.pillar_merge_lists,
        external_first=config.ext_pillar_first,
        pillarenv=config.pillarenv or "",
        nodegroups=config.nodegroups,
    )
    compiler = PillarCompiler(config.pillar_folders(paths), rules)
    return PillarService(compiler, Sources(config.ext_pillar), SealKey(paths.pki_dir), roster)
