r"""Reads what `blkid` prints, from util-linux (`-o export`) and from busybox (which has only the long form)."""

from __future__ import annotations

import re
from typing import Final

_LONG: Final = re.compile(r'^(/[^:]+):((?: \w+="[^"]*")+)\s*$')
_PAIR: Final = re.compile(r'(\w+)="([^"]*)"')
_ESCAPED: Final = re.compile(r"\\(.)")


def parse_blkid(text: str) -> dict[str, dict[str, str]]:
    """Return the tags of each device by its path."""
    found: dict[str, dict[str, str]] = {}
    tags: dict[str, str] = {}
    for line in text.splitlines():
        if long := _LONG.match(line):
            found[long.group(1)] = dict(_PAIR.findall(long.group(2)))
            continue
        name, sign, value = line.partition("=")
        value = _ESCAPED.sub(r"\1", value)
        if name == "DEVNAME":
            tags = found.setdefault(value, {})
        elif sign:
            tags[name] = value
    return found
