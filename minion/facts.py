"""The grains of this box as the daemon knows them: collected at the start, looked at again when there is a reason.

1. Reasons: the start, somebody asks, an address changes, every `grains_refresh_every` minutes if that is set.
2. Nobody is told when nothing has changed. What differs at each start (`VOLATILE`) is no change.
3. Custom grains come from the executor, some time after they were asked for. Until then those of the last time
   count, also after a restart: they are kept in the cache folder.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from minion.config import MinionConfig
from minion.executor.custom_file import CustomFile
from minion.grains import collect
from minion.loop import Loop, Timer
from pki.keys import sha256
from shoal.errors import WireError
from shoal.paths import Paths
from shoal.wire import decode, encode

log = logging.getLogger(__name__)

VOLATILE: Final = frozenset({"pid", "localtime"})  # grains that differ at each start
_PAUSE_S: Final = 30.0  # between two looks because of addresses: containers come and go
_MAX_CACHE: Final = 256 * 1024

Gather = Callable[["Sequence[CustomFile]", "Mapping[str, Any]"], None]


@dataclass(frozen=True, slots=True)
class Facts:
    """Grains, and the digest that tells them from others."""

    grains: dict[str, Any]
    digest: bytes

    @classmethod
    def collect(cls, paths: Paths, config: MinionConfig, customs: Mapping[str, Any]) -> Facts:
        """Ask the box about itself."""
        settings = {"id": config.id, "grains": config.grains, "grains_file": str(paths.grains_file)}
        grains = collect(settings, custom=customs)
        grains["id"] = config.id
        grains["master"] = config.master[0] if config.master else ""
        steady = {key: value for key, value in grains.items() if key not in VOLATILE}
        return cls(grains, sha256(encode(steady)))


class FactsKeeper:
    """Holds `facts`; `on_change` is called with the former ones when they are others."""

    def __init__(
        self,
        loop: Loop,
        paths: Paths,
        config: MinionConfig,
        on_change: Callable[[Facts], None],
        on_trouble: Callable[[str], None],
    ) -> None:
        self._loop = loop
        self._paths = paths
        self._config = config
        self._on_change = on_change
        self._on_trouble = on_trouble
        self._cache = paths.cache_dir / "custom_grains"
        self._customs = self._read_cache()
        self._errors: tuple[str, ...] = ()
        self._timer: Timer | None = None
        self._looked = -_PAUSE_S  # monotonic, when addresses were the reason
        self.gather: Gather | None = None  # set once there is an executor
        self.custom_files: Sequence[CustomFile] = ()  # those that a signed manifest names
        self.facts = Facts.collect(paths, config, self._customs)

    def start(self) -> None:
        """Find out the custom grains, and look again every now and then if that is wanted."""
        self._ask_for_customs()
        self._wait()

    def refresh(self) -> None:
        """Look at everything again; custom grains follow."""
        self._look()
        self._ask_for_customs()

    def addresses_changed(self) -> None:
        """Look at the core grains again, not too often."""
        if self._timer is not None:
            return
        wait = self._looked + _PAUSE_S - self._loop.clock.monotonic()
        if wait > 0:
            self._timer = self._loop.call_later(wait, self._look_at_addresses)
        else:
            self._look_at_addresses()

    def gathered(self, grains: Mapping[str, Any], errors: tuple[str, ...]) -> None:
        """Take custom grains; tell of errors when they are new."""
        for error in errors:
            log.warning("custom grains: %s", error, extra={"action": "custom_grains_failed"})
        if errors and errors != self._errors:
            more = f" (and {len(errors) - 1} more, see the log)" if len(errors) > 1 else ""
            self._on_trouble(f"custom grains: {errors[0]}{more}")
        self._errors = errors
        self._take_customs(dict(grains))

    def _look(self) -> None:
        before, self.facts = self.facts, Facts.collect(self._paths, self._config, self._customs)
        if self.facts.digest != before.digest:
            self._on_change(before)

    def _look_at_addresses(self) -> None:
        self._timer = None
        self._looked = self._loop.clock.monotonic()
        self._look()

    def _wait(self) -> None:
        if self._config.grains_refresh_every:
            self._loop.call_later(self._config.grains_refresh_every * 60.0, self._refresh_again)

    def _refresh_again(self) -> None:
        self._wait()
        self.refresh()

    def _ask_for_customs(self) -> None:
        if not self.custom_files:
            self._errors = ()
            self._take_customs({})
        elif self.gather is not None:
            self.gather(self.custom_files, Facts.collect(self._paths, self._config, {}).grains)

    def _take_customs(self, grains: dict[str, Any]) -> None:
        if grains == self._customs:
            return
        self._customs = grains
        self._write_cache()
        self._look()

    def _read_cache(self) -> dict[str, Any]:
        try:
            with self._cache.open("rb") as file:
                grains = decode(file.read(_MAX_CACHE + 1), _MAX_CACHE)
        except (OSError, WireError):  # none yet, or half of one: they are found out anew in a moment
            return {}
        return grains if isinstance(grains, dict) else {}

    def _write_cache(self) -> None:
        fresh = self._cache.with_suffix(".new")
        try:
            if not self._customs:
                self._cache.unlink(missing_ok=True)
                return
            fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with os.fdopen(fd, "wb") as file:
                file.write(encode(self._customs))
            fresh.rename(self._cache)  # no fsync: what a power cut takes is found out anew
        except OSError as error:
            log.warning("custom grains are not kept: %s", error, extra={"action": "custom_grains_not_kept"})
