"""Finds execution functions by name and loads a module only when it is first asked for.

Order: functions of a developer's folder, synced ones, built-in ones of the same name; but in `KEPT` modules, by which
a box is brought back after a bad sync, the built-in ones come first. A synced file that cannot be loaded takes its
own module down, and says so, because to run the built-in function that it meant to replace would be a guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from modules.module_dirs import ModuleDirs
from modules.sources import Broken, BuiltIn, Source
from modules.synced_folder import SyncedFolder
from shoal.errors import UnknownFunctionError
from shoal.functions.function import Function

KEPT: Final = frozenset({"minion", "saltutil", "sys"})


class Registry:
    """All functions of this box. One a process; a forked job shares what its parent had loaded."""

    def __init__(
        self,
        synced: SyncedFolder | None = None,
        developed: ModuleDirs | None = None,
        more: tuple[BuiltIn, ...] = (),
    ) -> None:
        """`more`: packages of ours that stand above this one."""
        self._built_in = (BuiltIn(), *more)
        self._synced = synced or SyncedFolder()
        self._others: tuple[Source, ...] = (developed, self._synced) if developed else (self._synced,)

    def get(self, name: str) -> Function:
        """Return the function called `name`, e.g. `test.ping`.

        Raises:
            UnknownFunctionError: there is none, or its module cannot be loaded; the text says which.
        """
        module = name.partition(".")[0]
        for source in self._order(module):
            try:
                found = source.functions(module).get(name)
            except Broken as error:
                raise UnknownFunctionError(f"'{name}' is not available. {error}") from None
            if found:
                return found
        raise UnknownFunctionError(f"'{name}' is not available.{self._hint(name)}")

    def inline(self, name: str) -> bool:
        """Say whether `name` is a function that may run in the asking process. Never runs a synced file."""
        module = name.partition(".")[0]
        if self.has_others(module) and module not in KEPT:
            return False
        for source in self._built_in:
            try:
                found = source.functions(module).get(name)
            except Broken:
                return False
            if found is not None:
                return found.inline
        return False

    def names(self) -> list[str]:
        """Return all names and aliases of functions, sorted. Loads every module, leaves out broken ones."""
        return sorted(name for module in self.modules() for name in self.names_in(module))

    def names_in(self, module: str) -> list[str]:
        """Return the names of the functions of one module, sorted; [] if there is none or it is broken."""
        found: set[str] = set()
        for source in self._order(module):
            try:
                found.update(source.functions(module))
            except Broken:
                break
        return sorted(name for name in found if name.startswith(f"{module}."))

    def modules(self) -> list[str]:
        """Return the names of all modules, sorted, without loading one."""
        return sorted({name for source in (*self._built_in, *self._others) for name in source.modules()})

    def has_others(self, module: str) -> bool:
        """Say whether a file that is not of this package has functions of `module`, without loading it."""
        return any(module in source.modules() for source in self._others)

    def broken(self) -> dict[str, str]:
        """Return why modules cannot be loaded, by module. Loads every module."""
        reasons: dict[str, str] = {}
        for module in self.modules():
            for source in self._order(module):
                try:
                    source.functions(module)
                except Broken as error:
                    reasons.setdefault(module, str(error))
        return reasons

    def reload_synced(self) -> None:
        """Forget what was loaded of the synced files."""
        self._synced.reload()

    def use_synced(self, digests: Mapping[str, bytes]) -> None:
        """Take these for the synced modules there are, by the digests of their files."""
        self._synced.use(digests)

    def altered(self) -> list[str]:
        """Return a line for each synced file that was not loaded because it is not what the master has signed."""
        return self._synced.altered

    def _order(self, module: str) -> tuple[Source, ...]:
        if module in KEPT:
            return *self._built_in, *self._others
        return *self._others, *self._built_in

    def _hint(self, name: str) -> str:
        """Return a suggestion; loads only the module that was probably meant."""
        import difflib  # only for a name that does not exist

        module, _, rest = name.partition(".")
        likely = (
            [module] if module in self.modules() else difflib.get_close_matches(module, self.modules(), n=1)
        )
        if not likely:
            return " List the modules with sys.list_modules"
        known = [each.partition(".")[2] for each in self.names_in(likely[0])]
        near = difflib.get_close_matches(rest, known, n=1)
        if near:
            return f" Did you mean: {likely[0]}.{near[0]}?"
        if likely[0] != module:
            return f" There is no module {module!r}; list them with sys.list_modules"
        return f" List its module with: sys.list_functions {module}"
