"""The functions of this box as the executor sees them: which run inline, and what is worth knowing before a fork.

Built-in modules are loaded here once, and the signatures of functions that are asked for are read here once: each
child then finds them ready. But not at the first call: a module that is used once in a while is loaded by that job's
child and costs the box no memory afterwards. Synced files are never run in the executor, only in children: they are
not ours.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from modules.synced_folder import SyncedFolder
from states.registry import full_registry

log = logging.getLogger(__name__)

_AT_ONCE: Final = (
    "minion",
    "saltutil",
    "sys",
    "test",
)  # these act on the executor itself; and everybody pings


class Library:
    """The registry with its synced folder ("" = none)."""

    def __init__(self, synced: str) -> None:
        self._ready: set[str] = set()
        self._used: set[str] = set(_AT_ONCE)  # modules
        self.registry = full_registry(SyncedFolder(Path(synced) if synced else None))

    def prepare(self, name: str) -> bool:
        """Load what a child will need for function `name`; return True if it need not be forked at all."""
        module = name.partition(".")[0]
        if module not in self._used:
            self._used.add(module)
            return False
        try:
            inline = self.registry.inline(name)
            if not inline and name not in self._ready:
                self._read_signature(name)
        except Exception:  # the child meets the same and reports it
            log.debug("cannot prepare %s", name, exc_info=True)
            return False
        return inline

    def use_synced(self, digests: Mapping[str, bytes]) -> None:
        """Take these for the synced modules there are, by the digests of their files."""
        self._ready.clear()
        self.registry.use_synced(digests)

    def _read_signature(self, name: str) -> None:
        module = name.partition(".")[0]
        if self.registry.has_others(module):
            return
        if name in self.registry.names_in(module):  # `get` would load much to explain a wrong name
            _ = self.registry.get(name).signature
            self._ready.add(name)
