"""Swap space: which is used, and the start and end of its use."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from modules import shell
from modules.context import Context
from modules.mount.escapes import fields_of, unescape
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function

SWAPS: Final = "/proc/swaps"


@function(replay="safe")
def swaps(ctx: Context) -> dict[str, dict[str, str]]:
    """Return the swap spaces in use with their type, size, use (both in KiB) and priority, all as text.

    CLI Example:

        shoal '*' mount.swaps
    """
    try:
        return parse_swaps(Path(SWAPS).read_text("utf-8", "surrogateescape"))
    except FileNotFoundError:  # a kernel without swap
        return {}
    except OSError as error:
        raise ModuleError(f"{SWAPS} cannot be read: {error.strerror}") from None


@function(replay="safe")
def swapon(ctx: Context, name: str, priority: int = -1) -> dict[str, Any]:
    """Use a device or file as swap; return its `stats` and whether its use is `new`.

    CLI Example:

        shoal '*' mount.swapon /srv/swapfile
    """
    path = _path(name)
    before = swaps(ctx)
    if path in before:
        return {"stats": before[path], "new": False}
    words = ["swapon", *(["-p", str(priority)] if priority >= 0 else []), "--", path]
    shell.run(shell.Command(argv=words, env={"LC_ALL": "C"})).must_succeed()
    return {"stats": swaps(ctx).get(path, {}), "new": True}


@function(replay="safe")
def swapoff(ctx: Context, name: str) -> bool | None:
    """Stop the use of a swap space; return nothing if it is not in use.

    CLI Example:

        shoal '*' mount.swapoff /srv/swapfile
    """
    path = _path(name)
    if path not in swaps(ctx):
        return None
    shell.run(shell.Command(argv=["swapoff", "--", path], env={"LC_ALL": "C"})).must_succeed()
    return path not in swaps(ctx)


def is_used(ctx: Context, name: str) -> bool:
    """Say whether a swap space is in use. Raises ArgumentError, ModuleError."""
    return _path(name) in swaps(ctx)


def parse_swaps(text: str) -> dict[str, dict[str, str]]:
    """Return what /proc/swaps says, by path."""
    found: dict[str, dict[str, str]] = {}
    for line in text.split("\n")[1:]:
        words = fields_of(line)
        if len(words) == 5:
            names = ("type", "size", "used", "priority")
            found[unescape(words[0])] = dict(zip(names, words[1:], strict=True))
    return found


def _path(name: str) -> str:
    if not name.startswith("/") or "\0" in name:
        raise ArgumentError(f"a swap space is given by its absolute path, not {name!r}")
    try:
        return str(Path(name).resolve(strict=False))  # as the kernel lists it
    except (OSError, RuntimeError):
        raise ModuleError(f"{name}: its links go round in a circle") from None
