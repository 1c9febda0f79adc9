"""Where grains are read from: a root path, the environment, uname, and the kernel's address list.

A collector touches the box through `Sources` only, so that a recorded tree of another box can
stand in for `/`. Reading is bounded and never raises: what is missing or may not be read is empty.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from minion.grains.netlink import Address, dump_addresses

MAX_READ: Final = 256 * 1024
_ESCAPED: Final = re.compile(r"\\([\\\"'$`])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What the collectors may look at. Paths are relative to `root`, without a leading slash."""

    root: Path = Path("/")
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    uname: os.uname_result = field(default_factory=os.uname)
    addresses: Callable[[], list[Address]] = dump_addresses

    def blob(self, path: str, limit: int = MAX_READ) -> bytes:
        """Return at most `limit` bytes of file `path`, or nothing."""
        try:
            with (self.root / path).open("rb") as file:
                return file.read(limit)
        except OSError:
            return b""

    def text(self, path: str, limit: int = MAX_READ) -> str:
        """Return file `path` as text, without white space and NULs at its ends."""
        return self.blob(path, limit).decode("utf-8", "replace").strip(" \t\r\n\0")

    def first_text(self, *paths: str) -> str:
        """Return the text of the first of `paths` that has any."""
        return next((found for path in paths if (found := self.text(path))), "")

    def names(self, path: str) -> list[str]:
        """Return the sorted entries of folder `path`."""
        try:
            return sorted(os.listdir(self.root / path))  # noqa: PTH208 - iterdir builds a Path for each name
        except OSError:
            return []

    def exists(self, path: str) -> bool:
        """Return True if `path` is there (a dangling link counts)."""
        return os.path.lexists(self.root / path)

    def link(self, path: str) -> str:
        """Return where the symbolic link `path` points, as written."""
        try:
            return str((self.root / path).readlink())
        except OSError:
            return ""

    def assignments(self, path: str) -> dict[str, str]:
        """Return the `KEY=value` lines of a shell-like file (os-release(5)), unquoted."""
        found: dict[str, str] = {}
        for line in self.text(path).splitlines():
            key, equals, value = line.strip().partition("=")
            if equals and not key.startswith("#"):
                found[key.removeprefix("export ").strip()] = _unquote(value.strip())
        return found

    def strings(self, path: str) -> list[str]:
        """Return the NUL-separated texts of a device-tree property or a `/proc/*/cmdline`."""
        return [part for part in self.text(path).split("\0") if part]


def _unquote(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == "'":
        return value[1:-1]
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1]
    return _ESCAPED.sub(r"\1", value)
