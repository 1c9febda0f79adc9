"""Where functions come from: this package, or a file of somebody else. A module is found by its file's name alone.

A module of this package may be a folder: what its files have is all of one module.

A module that cannot be loaded raises `Broken` whenever it is asked for and never spoils another. Somebody else's
file is compiled from its text each time it is loaded: no bytecode file, so an edit within one second is seen, and
what runs is what was checked.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Final, Protocol

import modules
from shoal.functions.function import Function, marks_of

# Files of this package that are its machinery, not something to ask of a box.
MACHINERY: Final = frozenset(
    {"atomic_file", "blackout", "context", "held_folder", "kept_output", "likeness", "module_dirs", "nested"}
    | {
        "own_files",
        "placing",
        "process_env",
        "process_io",
        "registry",
        "result",
        "scratch",
        "shell",
        "sources",
    }
    | {"standalone", "synced_folder", "templates", "text_file", "way"}
)

# Modules that have other names for functions of these modules.
ALIAS_HOMES: Final[Mapping[str, tuple[str, ...]]] = {
    "minion": ("saltutil",),
    "network": ("hostname",),
    "ps": ("process",),
    "saltutil": ("minion", "sys"),
}

Functions = Mapping[str, Function]


class Broken(Exception):
    """A module's file is there but cannot be loaded; the text says why, on one line."""


class Source(Protocol):
    """A place that modules come from."""

    def modules(self) -> frozenset[str]:
        """Return the names of all modules here, without loading any."""

    def functions(self, module: str) -> Functions:
        """Return the functions of `module` by full name, {} if it is not here. Raises Broken."""


class BuiltIn:
    """The modules of a package of ours: this one, or `states`."""

    def __init__(
        self,
        package: ModuleType = modules,
        machinery: frozenset[str] = MACHINERY,
        homes: Mapping[str, tuple[str, ...]] = ALIAS_HOMES,
    ) -> None:
        self._package = package.__name__
        self._homes = homes
        found = (each.name for each in pkgutil.iter_modules(package.__path__))
        self._files = frozenset(name for name in found if name not in machinery and not name.startswith("_"))
        self._loaded: dict[str, Functions] = {}

    def modules(self) -> frozenset[str]:
        """Return the names of all modules, alias-only ones too."""
        return self._files | self._homes.keys()

    def functions(self, module: str) -> Functions:
        """Return the functions of `module`, importing its file on first use. Raises Broken."""
        prefix = f"{module}."
        homes = (module, *self._homes.get(module, ()))
        found: dict[str, Function] = {}
        for home in homes:
            if home in self._files:
                found |= {name: each for name, each in self._load(home).items() if name.startswith(prefix)}
        return found

    def _load(self, module: str) -> Functions:
        if module not in self._loaded:
            try:
                files = list(_files_of(f"{self._package}.{module}"))
            except ImportError as error:  # a library that this box does not have
                raise Broken(f"module {module} cannot be loaded here: {_one_line(error)}") from None
            found: dict[str, Function] = {}
            for file in files:
                found |= _functions_of(file, module, may_inline=True)
            self._loaded[module] = found
        return self._loaded[module]


def run_source(module: str, path: Path, code: bytes) -> Functions:
    """Return the functions of a file that is not of this package, after running `code`, its text. Raises Broken."""
    fresh = ModuleType(_import_name(module))
    fresh.__file__ = str(path)
    sys.modules[fresh.__name__] = fresh  # dataclasses and type hints look their module up here
    try:
        exec(compile(code, str(path), "exec"), fresh.__dict__)  # noqa: S102  that is the feature
        functions = _functions_of(fresh, module, may_inline=False)
        for each in functions.values():
            _ = each.signature  # a stranger's type mistake is told now, not as a crash of the first job
    except (Exception, SystemExit) as error:
        sys.modules.pop(fresh.__name__, None)
        raise Broken(f"{path} cannot be loaded: {type(error).__name__}: {_one_line(error)}") from None
    if not functions:
        raise Broken(f"{path} has no @function")
    return functions


def forget_source(module: str) -> None:
    """Let go of what `run_source` has made."""
    sys.modules.pop(_import_name(module), None)


def _files_of(name: str) -> Iterator[ModuleType]:
    loaded = importlib.import_module(name)
    yield loaded
    for each in pkgutil.iter_modules(getattr(loaded, "__path__", ())):
        yield importlib.import_module(f"{name}.{each.name}")


def _import_name(module: str) -> str:
    return f"shoal_synced_{module}"


def _functions_of(loaded: ModuleType, module: str, *, may_inline: bool) -> Functions:
    """Return what `loaded` itself defines (not what it imported) by full name and by each alias."""
    found: dict[str, Function] = {}
    for name, candidate in vars(loaded).items():
        marks = marks_of(candidate)
        if marks is None or candidate.__module__ != loaded.__name__:
            continue
        made = Function(f"{module}.{name.removesuffix('_')}", candidate, marks, may_inline=may_inline)
        found |= dict.fromkeys((made.name, *made.aliases), made)
    return found


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
