"""What `file.find` is asked for, read from an operator's words into tests of one entry."""

from __future__ import annotations

import fnmatch
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from os import stat_result
from typing import Final

from modules.file.owners import gid_of, uid_of
from modules.file.pattern import compiled
from modules.file.place import kind_of, shown
from shoal.errors import ArgumentError

LETTERS: Final = {
    "file": "f",
    "dir": "d",
    "link": "l",
    "block": "b",
    "char": "c",
    "pipe": "p",
    "socket": "s",
}
_SIZE: Final = re.compile(r"([+-]?)(\d{1,18})([bkmgt]?)", re.ASCII)
_UNITS: Final = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_AGE: Final = re.compile(r"([+-]?)((?:\d{1,9}[wdhms])+)", re.ASCII)
_SECONDS: Final = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}

Test = Callable[[str, stat_result], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindOptions:
    """What to look for. Spellings are Salt's."""

    name: str | None = None  # glob of the name
    iname: str | None = None  # the same, upper and lower case alike
    regex: str | None = None  # matched from the beginning of the name
    iregex: str | None = None
    type_: str | None = None  # letters of f d l b c p s
    owner: list[str] | None = None
    group: list[str] | None = None
    size: str | None = None  # e.g. 10k, +1m (at least), -2g (at most)
    mtime: str | None = None  # age, e.g. 3d, +1w (older), -2h30m (younger)
    maxdepth: int | None = None
    mindepth: int | None = None
    print_: list[str] | None = None


def tests_of(options: FindOptions, now: float) -> list[Test]:
    """Return the tests that an entry must pass, cheap ones first. Raises ArgumentError, ModuleError."""
    return [*_name_tests(options), *_status_tests(options, now)]


def size_range(text: str) -> tuple[float, float]:
    """Return the least and the greatest size that `text` means. Raises ArgumentError."""
    match = _SIZE.fullmatch(text.lower())
    if not match:
        raise ArgumentError(f"{shown(text)} is not a size; write e.g. 10k, +1m for at least, -2g for at most")
    unit = _UNITS[match[3]]
    size = int(match[2]) * unit
    if match[1]:
        return (size, math.inf) if match[1] == "+" else (0, size)
    return size, size + unit - 1


def age_range(text: str) -> tuple[float, float]:
    """Return the least and the greatest age in seconds that `text` means. Raises ArgumentError."""
    match = _AGE.fullmatch(text.lower())
    if not match:
        raise ArgumentError(f"{shown(text)} is not an age; write e.g. 3d, +1w for older, -2h30m for younger")
    parts = re.findall(r"(\d+)([wdhms])", match[2])
    age = sum(int(count) * _SECONDS[unit] for count, unit in parts)
    if match[1]:
        return (age, math.inf) if match[1] == "+" else (-math.inf, age)
    return age, age + _SECONDS[parts[-1][1]]


def _name_tests(options: FindOptions) -> Iterator[Test]:
    sources = (
        (options.name, True, 0),
        (options.iname, True, re.IGNORECASE),
        (options.regex, False, 0),
        (options.iregex, False, re.IGNORECASE),
    )
    for text, is_glob, flags in sources:
        if text is not None:
            match = compiled(fnmatch.translate(text) if is_glob else text, flags).match
            yield lambda name, _status, match=match: match(name) is not None  # type: ignore[misc]


def _status_tests(options: FindOptions, now: float) -> Iterator[Test]:
    if options.type_ is not None:
        letters = options.type_.replace(",", "")
        if not letters or set(letters) - set(LETTERS.values()):
            raise ArgumentError(
                f"{shown(options.type_)} is not a type; use letters of {''.join(LETTERS.values())}"
            )
        yield lambda _name, status: LETTERS.get(kind_of(status.st_mode), "?") in letters
    if options.owner is not None:
        uids = {uid_of(each) for each in options.owner}
        yield lambda _name, status: status.st_uid in uids
    if options.group is not None:
        gids = {gid_of(each) for each in options.group}
        yield lambda _name, status: status.st_gid in gids
    if options.size is not None:
        least, most = size_range(options.size)
        yield lambda _name, status: least <= status.st_size <= most
    if options.mtime is not None:
        youngest, oldest = age_range(options.mtime)
        yield lambda _name, status: youngest <= now - status.st_mtime <= oldest
