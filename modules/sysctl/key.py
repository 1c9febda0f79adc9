"""The name of a kernel parameter in its two spellings.

`net.ipv4.ip_forward` and `net/ipv4/ip_forward` are one. Whichever sign comes first separates; the other one then
stands for the first inside a part: the VLAN interface eth0.100 is `net/ipv4/conf/eth0.100/…` or
`net.ipv4.conf.eth0/100.…`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from shoal.errors import ArgumentError

PROC_SYS: Final = "/proc/sys"
_MAX: Final = 512
_SWAP: Final = str.maketrans("./", "/.")


def parts(name: str) -> tuple[str, ...]:
    """Return the folders and the file under /proc/sys that a name means. Raises ArgumentError."""
    signs = [sign for sign in name if sign in "./"]
    path = name if signs and signs[0] == "/" else name.translate(_SWAP)
    found = tuple(path.split("/"))
    fine = 0 < len(name) <= _MAX and all(_is_part(part) for part in found)
    if not fine:
        raise ArgumentError(f"{name!r} is not the name of a kernel parameter such as net.ipv4.ip_forward")
    return found


def path_of(name: str) -> Path:
    """Return the file of a parameter. Raises ArgumentError."""
    return Path(PROC_SYS, *parts(name))


def dotted(folders: tuple[str, ...]) -> str:
    """Return the usual spelling, with dots."""
    return "/".join(folders).translate(_SWAP)


def _is_part(part: str) -> bool:
    plain = part.isprintable() and not any(c in part for c in " =#;*?[]")
    return bool(part) and part not in (".", "..") and not part.startswith("-") and plain
