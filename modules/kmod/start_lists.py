"""The files that say which modules are loaded at each start, and which never by themselves.

Ours are one in modules-load.d (systemd and OpenRC read it) and one in modprobe.d. Removing looks into the files
of others in /etc too, or a module would come back.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from modules.context import Context
from modules.kmod.module_name import checked, plain
from modules.text_file import edit_text, lines_of, read_text, text_of
from shoal.functions.function import function

LOAD_FILE: Final = "/etc/modules-load.d/shoal.conf"
OLD_LOAD_FILE: Final = "/etc/modules"
BLACKLIST_FILE: Final = "/etc/modprobe.d/shoal-blacklist.conf"


@function(replay="safe")
def blacklist(ctx: Context, mod: str) -> bool:
    """Keep a module from being loaded for hardware that asks for it; say whether that is new.

    Whoever names it (`kmod.load`, another module that needs it) still loads it, and it stays if it is loaded.

    CLI Example:

        shoal '*' kmod.blacklist pcspkr
    """
    checked(mod)
    return edit_text(BLACKLIST_FILE, lambda text: _with_line(text, f"blacklist {mod}", _blacklisted, mod))


@function(replay="safe")
def unblacklist(ctx: Context, mod: str) -> bool:
    """Undo a blacklist entry in any file of /etc/modprobe.d; say whether there was one.

    CLI Example:

        shoal '*' kmod.unblacklist pcspkr
    """
    checked(mod)
    gone = [_take_out(file, mod, _blacklisted, comment=False) for file in _files(BLACKLIST_FILE)]
    return any(gone)


@function(replay="safe")
def blacklisted(ctx: Context) -> list[str]:
    """List the modules that the files of /etc/modprobe.d blacklist.

    CLI Example:

        shoal '*' kmod.blacklisted
    """
    return _all_in(_files(BLACKLIST_FILE), _blacklisted)


def at_start() -> list[str]:
    """Return the modules that the files of /etc name for each start."""
    return _all_in(start_files(), _named)


def is_at_start(mod: str) -> bool:
    """Say whether a module is loaded at each start."""
    return any(plain(mod) == plain(each) for each in at_start())


def add_to_start(mod: str) -> bool:
    """Have a module loaded at each start; return whether that is new."""
    return not is_at_start(mod) and edit_text(LOAD_FILE, lambda text: with_start(text, mod))


def with_start(text: str, mod: str) -> str:
    """Return a list of what is loaded at each start with a module in it."""
    return _with_line(text, mod, _named, mod)


def take_from_start(mod: str, *, comment: bool) -> bool:
    """Have a module no longer loaded at start, its lines commented out or removed; return whether it was."""
    gone = [_take_out(file, mod, _named, comment) for file in start_files()]
    return any(gone)


def start_files() -> list[str]:
    """Return the files of /etc that may name modules for each start."""
    return [*_files(LOAD_FILE), OLD_LOAD_FILE]


def without_start(text: str, mod: str, *, comment: bool) -> str:
    """Return such a file without a module, its lines commented out or removed."""
    return _without(text, mod, _named, comment)


def _named(line: str) -> str:
    words = line.split()
    return "" if not words or words[0][0] in "#;" else words[0]


def _blacklisted(line: str) -> str:
    words = line.split()
    return words[1] if len(words) > 1 and words[0] == "blacklist" else ""


def _files(ours: str) -> list[str]:
    return sorted(str(path) for path in Path(ours).parent.glob("*.conf"))


def _all_in(files: list[str], name_in: Callable[[str], str]) -> list[str]:
    names = [name_in(line) for file in files for line in lines_of(read_text(file))]
    return sorted({name for name in names if name})


def _with_line(text: str, line: str, name_in: Callable[[str], str], mod: str) -> str:
    lines = lines_of(text)
    if any(plain(name_in(each)) == plain(mod) for each in lines):
        return text
    return text_of([*lines, line])


def _take_out(file: str, mod: str, name_in: Callable[[str], str], comment: bool) -> bool:
    return Path(file).exists() and edit_text(file, lambda text: _without(text, mod, name_in, comment))


def _without(text: str, mod: str, name_in: Callable[[str], str], comment: bool) -> str:
    kept: list[str] = []
    for line in lines_of(text):
        if plain(name_in(line)) != plain(mod):
            kept.append(line)
        elif comment:
            kept.append(f"#{line}")
    return text if kept == lines_of(text) else text_of(kept)
