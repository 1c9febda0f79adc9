"""The modules that the master has synced to this box: those that a signed manifest names, and nothing else.

Which these are is told by the daemon, which alone checks seals. A file is read once, at its first use; these bytes
are checked, and these bytes run. Its functions never run inline: they are not ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from modules.sources import Broken, Functions, forget_source, run_source
from shoal.errors import AlteredError
from shoal.synced import read_checked, stored_name


class SyncedFolder:
    """See the module docstring. `altered` has a line for each file that was not what it should be."""

    def __init__(self, folder: Path | None = None, digests: Mapping[str, bytes] | None = None) -> None:
        self._folder = folder
        self._digests = dict(digests or {}) if folder is not None else {}
        self._loaded: dict[str, Functions | Broken] = {}
        self.altered: list[str] = []

    def use(self, digests: Mapping[str, bytes]) -> None:
        """Take these modules for all there are, by the digests of their files."""
        self.reload()
        self._digests = dict(digests) if self._folder is not None else {}

    def reload(self) -> None:
        """Forget what was loaded."""
        for module in self._loaded:
            forget_source(module)
        self._loaded = {}
        self.altered = []

    def modules(self) -> frozenset[str]:
        """Return the names of the modules that the manifest has."""
        return frozenset(self._digests)

    def functions(self, module: str) -> Functions:
        """Return the functions of `module`, running its file on first use. Raises Broken."""
        if module not in self._digests:
            return {}
        if module not in self._loaded:
            try:
                self._loaded[module] = self._load(module)
            except Broken as error:
                self._loaded[module] = error
        loaded = self._loaded[module]
        if isinstance(loaded, Broken):
            raise loaded
        return loaded

    def _load(self, module: str) -> Functions:
        assert self._folder is not None
        digest = self._digests[module]
        path = self._folder / stored_name(module, digest)
        try:
            code = read_checked(path, digest)
        except AlteredError as error:
            self.altered.append(str(error))
            raise Broken(str(error)) from None
        return run_source(module, path, code)
