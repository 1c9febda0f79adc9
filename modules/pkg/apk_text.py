"""Reads what apk prints. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from modules.pkg.contract import Step

_NAME_VERSION: Final = re.compile(r"(?P<name>.+?)-(?P<version>[0-9][^-\s]*(?:-r[0-9]+)?)")
_LIST: Final = re.compile(
    r"(?P<id>\S+) (?P<arch>\S+) \{(?P<origin>[^}]*)\} \((?P<license>.*)\)(?: \[(?P<state>.+)\])?"
)
_PURGED: Final = re.compile(r"\(\d+/\d+\) (Purging|Upgrading|Installing|Downgrading) (\S+) \((.+)\)")
_SECTION: Final = re.compile(
    r"(\S+) (description|webpage|installed size|depends on|provides|license|contains):"
)
_AUDIT: Final = {"U": "md5sum", "M": "mode", "m": "mode"}


def split(text: str) -> tuple[str, str]:
    """Return name and version of `py3-yaml-6.0.1-r1`; the version is "" if there is none."""
    match = _NAME_VERSION.fullmatch(text)
    return (match["name"], match["version"]) if match else (text, "")


def listing(text: str) -> list[dict[str, str]]:
    """Read `apk list`: `busybox-1.36.1-r5 x86_64 {busybox} (GPL-2.0-only) [installed]`."""
    found = []
    for match in map(_LIST.fullmatch, text.splitlines()):
        if match:
            name, version = split(match["id"])
            found.append({**match.groupdict(""), "name": name, "version": version})
    return found


def upgrades(text: str) -> list[Step]:
    """Read `apk list --upgradable`: `… [upgradable from: busybox-1.36.1-r5]`."""
    found = []
    for each in listing(text):
        before = each["state"].partition("upgradable from: ")[2]
        if before:
            found.append(Step(name=each["name"], old=split(before)[1], new=each["version"]))
    return found


def policies(text: str) -> dict[str, list[str]]:
    """Read `apk policy`: by name the versions that a repository has, in apk's order."""
    found: dict[str, list[str]] = {}
    name, version = "", ""
    for line in text.splitlines():
        if line.endswith(" policy:") and not line.startswith(" "):
            name = line.removesuffix(" policy:")
            found[name] = []
        elif name and line.startswith("    "):
            if line.strip() != "lib/apk/db/installed" and version and version not in found[name]:
                found[name].append(version)
        elif name and line.startswith("  ") and line.endswith(":"):
            version = line.strip()[:-1]
    return found


def planned(text: str) -> list[Step]:
    """Read `apk … --simulate`: `(1/2) Upgrading busybox (1.36.1-r5 -> 1.36.1-r6)`."""
    found = []
    for match in map(_PURGED.match, text.splitlines()):
        if match:
            act, name, change = match.groups()
            old, _, new = change.partition(" -> ")
            if act == "Installing":
                old, new = "", old
            found.append(Step(name=name, old=old, new=new))
    return found


def sections(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield package (name-version), heading and text of each part of `apk info -a`."""
    package, heading, lines = "", "", list[str]()
    for line in [*text.splitlines(), ""]:
        match = _SECTION.fullmatch(line)
        if match:
            if package:
                yield package, heading, "\n".join(lines).strip()
            package, heading, lines = match[1], match[2], []
        else:
            lines.append(line)
    if package:
        yield package, heading, "\n".join(lines).strip()


def paths(text: str) -> list[str]:
    """Read `apk info -L NAME`; apk leaves out the first slash."""
    lines = text.splitlines()
    return [f"/{line.lstrip('/')}" for line in lines if line.strip() and not _SECTION.fullmatch(line)]


def owners(text: str) -> list[str]:
    """Read `apk info --who-owns`: `/bin/busybox is owned by busybox-1.36.1-r5`."""
    found = [
        split(line.rpartition(" is owned by ")[2].strip())[0]
        for line in text.splitlines()
        if " is owned by " in line
    ]
    return list(dict.fromkeys(found))


def audit(text: str) -> dict[str, dict[str, Any]]:
    """Read `apk audit`: `U etc/passwd` changed, `X bin/x` missing; what is only new does not count."""
    found: dict[str, dict[str, Any]] = {}
    for line in text.splitlines():
        mark, _, path = line.partition(" ")
        if mark in ("X", "D"):
            found[f"/{path.strip()}"] = {"missing": True}
        elif mark in _AUDIT:
            found[f"/{path.strip()}"] = {"mismatch": [_AUDIT[mark]]}
    return found


def complaints(text: str) -> str:
    """Return apk's errors on one line; the reasons stand indented below them."""
    lines = [line for line in text.splitlines() if line.strip()]
    first = next((i for i, line in enumerate(lines) if line.startswith("ERROR:")), max(len(lines) - 1, 0))
    return " ".join(line.strip() for line in lines[first : first + 6])
