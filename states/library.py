"""Finds state functions by name, as `modules/registry.py` does execution functions: this package's, and synced ones."""

from __future__ import annotations

from typing import Final

import states
from modules.sources import Broken, BuiltIn, Source
from modules.synced_folder import SyncedFolder
from shoal.errors import UnknownFunctionError
from shoal.functions.function import Function

MACHINERY: Final = frozenset(
    {"declare", "engine", "execution", "folder_steps", "library", "plan", "registry", "text_steps"}
)


class Library:
    """All state functions of this box."""

    def __init__(self, synced: SyncedFolder | None = None) -> None:
        self._sources: tuple[Source, ...] = (synced or SyncedFolder(), BuiltIn(states, MACHINERY, {}))

    def get(self, name: str) -> Function:
        """Return the state function called `name`, e.g. `file.managed`. Raises UnknownFunctionError."""
        module = name.partition(".")[0]
        for source in self._sources:
            try:
                found = source.functions(module).get(name)
            except Broken as error:
                raise UnknownFunctionError(f"'{name}' is not available. {error}") from None
            if found:
                return found
        raise UnknownFunctionError(f"'{name}' is not available.{self._near(name)}")

    def names_in(self, module: str) -> frozenset[str]:
        """Return the names of the functions of one module; none if there is no such module, or it is broken."""
        found: set[str] = set()
        for source in self._sources:
            try:
                found.update(source.functions(module))
            except Broken:
                break
        return frozenset(found)

    def modules(self) -> list[str]:
        """Return the names of all modules, sorted, without loading one."""
        return sorted(set().union(*(source.modules() for source in self._sources)))

    def _near(self, name: str) -> str:
        import difflib  # only for a name that does not exist

        module = name.partition(".")[0]
        known = self.names_in(module) or self.modules()
        near = difflib.get_close_matches(name if self.names_in(module) else module, known, n=1)
        return f" Did you mean: {near[0]}?" if near else ""
