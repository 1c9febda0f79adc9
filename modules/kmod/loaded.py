"""What the kernel has and can have loaded; loading and unloading is `modprobe`'s work."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from modules import shell
from modules.context import Context
from modules.kmod.module_name import checked, plain
from modules.kmod.start_lists import add_to_start, at_start, take_from_start
from shoal.errors import ModuleError
from shoal.functions.function import function

PROC_MODULES: Final = "/proc/modules"
LIB_MODULES: Final = "/lib/modules"
_FILE: Final = re.compile(r"(.+)\.ko(?:\.[a-z0-9]+)?")


@function(replay="safe")
def available(ctx: Context) -> list[str]:
    """List the modules that the running kernel can load or has built in.

    CLI Example:

        shoal '*' kmod.available
    """
    return sorted(_available())


@function(replay="safe")
def check_available(ctx: Context, mod: str) -> bool:
    """Say whether the running kernel can load a module or has it built in.

    CLI Example:

        shoal '*' kmod.check_available kvm
    """
    return plain(checked(mod)) in _available()


@function(replay="safe")
def lsmod(ctx: Context) -> list[dict[str, Any]]:
    """List the loaded modules with size and who uses them; numbers are text, as in Salt.

    CLI Example:

        shoal '*' kmod.lsmod
    """
    return parse_modules(_read_proc())


@function(replay="safe")
def mod_list(ctx: Context, only_persist: bool = False) -> list[str]:
    """List the names of the loaded modules, or of those that files of /etc have loaded at each start.

    CLI Example:

        shoal '*' kmod.mod_list
        shoal '*' kmod.mod_list only_persist=True
    """
    return at_start() if only_persist else sorted(_names())


@function(replay="safe")
def is_loaded(ctx: Context, mod: str) -> bool:
    """Say whether a module is loaded; one that is built in does not count.

    CLI Example:

        shoal '*' kmod.is_loaded kvm
    """
    return plain(checked(mod)) in _names()


@function(replay="safe")
def is_builtin(ctx: Context, mod: str) -> bool:
    """Say whether a module is a part of the running kernel itself: nothing loads or unloads it.

    CLI Example:

        shoal '*' kmod.is_builtin ext4
    """
    return plain(checked(mod)) in _builtin()


@function(replay="safe")
def load(ctx: Context, mod: str, persist: bool = False) -> list[str]:
    """Load a module and what it needs, with `persist` at each start too; return what that changed.

    The list has the modules that are newly loaded, and `mod` if it is new among those for each start.

    CLI Example:

        shoal '*' kmod.load br_netfilter persist=True
    """
    checked(mod)
    before = _names()
    _modprobe("--", mod)
    changed = _names() - before
    if persist and add_to_start(mod):
        changed.add(plain(mod))
    return sorted(changed)


@function(replay="safe")
def remove(ctx: Context, mod: str, persist: bool = False, comment: bool = True) -> list[str]:
    """Unload a module and what only it needed, with `persist` at each start too; return what that changed.

    With `comment` its lines in files are commented out, else removed.

    CLI Example:

        shoal '*' kmod.remove br_netfilter persist=True
    """
    before = _names()
    if plain(checked(mod)) in before:
        _modprobe("-r", "--", mod)
    changed = before - _names()
    if persist and take_from_start(mod, comment=comment):
        changed.add(plain(mod))
    return sorted(changed)


def parse_modules(text: str) -> list[dict[str, Any]]:
    """Return what /proc/modules says."""
    found: list[dict[str, Any]] = []
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 4:
            users = [name for name in words[3].split(",") if name and name != "-"]
            row = {"module": words[0], "size": words[1], "depcount": words[2], "deps": users}
            found.append(row)
    return found


def _names() -> set[str]:
    return {row["module"] for row in parse_modules(_read_proc())}


def _read_proc() -> str:
    try:
        return Path(PROC_MODULES).read_text("ascii", "replace")
    except FileNotFoundError:  # a kernel without modules
        return ""
    except OSError as error:
        raise ModuleError(f"{PROC_MODULES} cannot be read: {error.strerror}") from None


def _available() -> set[str]:
    """Return the kernel's spelling of every module file's name, and of what is built in."""
    home = Path(LIB_MODULES, os.uname().release)
    return _plain_names(name for _, _, names in os.walk(home) for name in names) | _builtin()


def _builtin() -> set[str]:
    listed = Path(LIB_MODULES, os.uname().release, "modules.builtin")
    if not listed.is_file():
        return set()
    return _plain_names(Path(line).name for line in listed.read_text("utf-8", "replace").splitlines())


def _plain_names(files: Iterable[str]) -> set[str]:
    return {plain(found.group(1)) for name in files if (found := _FILE.fullmatch(name))}


def _modprobe(*words: str) -> None:
    shell.run(shell.Command(argv=["modprobe", *words], env={"LC_ALL": "C"})).must_succeed()
