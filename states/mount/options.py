"""Mount options: which of those that are asked for a mount lacks, as far as the kernel tells. Pure.

The kernel shows some options in other words, or not at all (`nofail`, `x-systemd.…`, `_netdev`). Only those are
compared of which it is known how it shows them: a remount that is not needed disturbs whoever uses what is mounted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_TOGGLES: Final = {
    "ro": "rw", "noexec": "exec", "nosuid": "suid", "nodev": "dev", "noatime": "atime", "nodiratime": "diratime",
    "sync": "async",
}  # fmt: skip  # what the kernel shows, and what it stands for when it does not
_OFF: Final = {off: on for on, off in _TOGGLES.items() if on != "ro"}
_SIZE: Final = re.compile(r"size=([0-9]+)([kmg]?)", re.IGNORECASE)
_UNITS: Final = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


def as_list(opts: str | Sequence[str]) -> list[str]:
    """Return options as a list, `defaults` if there are none."""
    words = opts.split(",") if isinstance(opts, str) else [part for each in opts for part in each.split(",")]
    return [word.strip() for word in words if word.strip()] or ["defaults"]


def lacking(wanted: Sequence[str], active: Sequence[str]) -> list[str]:
    """Return the wanted options that the mount, with these active ones, does not have."""
    return [each for each in wanted if _lacks(each, active)]


def _lacks(option: str, active: Sequence[str]) -> bool:
    if option in _TOGGLES or option == "rw":
        return option not in active
    if option in _OFF:
        return _OFF[option] in active
    size = _bytes(option)
    if size:
        shown = next((found for each in active if (found := _bytes(each))), 0)
        return shown != size
    return False


def _bytes(option: str) -> int:
    found = _SIZE.fullmatch(option)
    return int(found[1]) * _UNITS[found[2].lower()] if found else 0
