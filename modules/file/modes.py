"""Permission bits, as octal text such as 0644: a number would be read as decimal by one and as octal by another."""

from __future__ import annotations

import re
import stat
from typing import Final

from modules.context import Context
from modules.file.place import absolute, explained, shown, status_of
from modules.held_folder import held
from shoal.errors import ArgumentError
from shoal.functions.function import function

_OCTAL: Final = re.compile(r"(?:0o)?([0-7]{1,5})", re.ASCII)


@function(replay="safe")
def get_mode(ctx: Context, path: str, follow_symlinks: bool = True) -> str:
    """Return the permission bits of a file or folder, e.g. 0644.

    CLI Example:

        shoal '*' file.get_mode /etc/passwd
    """
    return as_text(status_of(absolute(path), follow=follow_symlinks).st_mode)


@function(replay="safe", aliases=("file.chmod",))
def set_mode(ctx: Context, path: str, mode: str) -> str:
    """Set the permission bits of a file or folder and return them as they are then. Follows links.

    CLI Example:

        shoal '*' file.set_mode /etc/motd 0644
    """
    place, bits = absolute(path), as_bits(mode)
    with explained(place, "given another mode"), held(place) as thing:
        thing.chmod(bits)
        return as_text(thing.stat().st_mode)


def as_bits(mode: str) -> int:
    """Return the number that octal text spells. Raises ArgumentError."""
    match = _OCTAL.fullmatch(mode)
    bits = int(match[1], 8) if match else -1
    if not 0 <= bits <= 0o7777:
        raise ArgumentError(f"a mode is octal, 0 to 7777, e.g. 0644; not {shown(mode)}")
    return bits


def as_text(mode: int) -> str:
    """Return the permission bits in four octal digits."""
    return f"{stat.S_IMODE(mode):04o}"
