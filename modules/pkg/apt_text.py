"""Reads what dpkg and apt print. Pure functions; none of them guesses: a line that is not understood is skipped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from modules.pkg.contract import Step

LISTING: Final = "${Package}\t${Architecture}\t${Version}\t${db:Status-Want}\t${db:Status-Status}\n"
DPKG_STATUS: Final = "/var/lib/dpkg/status"
WORKING: Final = frozenset({"installed", "triggers-awaited", "triggers-pending"})
UNFINISHED: Final = frozenset({"unpacked", "half-configured", "triggers-awaited", "triggers-pending"})

_STEP: Final = re.compile(r"(Inst|Remv|Purg) (\S+)(?: \[([^\]]+)\])?(?: \((\S+)[^)]*?(?:\[(\S+)\])?\))?")
_VERSION: Final = re.compile(r" (?:\*\*\*|   ) (\S+)(?: -?\d+)?(?: \(phased \d+%\))?")
_SOURCE: Final = re.compile(r" {8,}-?\d+ (\S+).*")
_FETCHED: Final = re.compile(r"(Hit|Get|Ign|Err):\d+ (.+)")
_SIZE: Final = re.compile(r" \[[\d.,]+ ?[kMG]?B\]$")
_CHECK: Final = re.compile(
    r"(missing|[S.?][M.?][5.?][D.?][L.?][U.?][G.?][T.?][P.?]\S*) +(?:([a-z]) )?\s*(/.*)"
)
_CHECKS: Final = {
    "S": "size",
    "M": "mode",
    "5": "md5sum",
    "D": "device major/minor number",
    "L": "readlink path",
    "U": "user",
    "G": "group",
    "T": "mtime",
    "P": "capabilities",
}
_KINDS: Final = {
    "c": "config",
    "d": "doc",
    "g": "ghost",
    "l": "license",
    "r": "readme",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A package in dpkg's database."""

    name: str  # with `:arch` if that is not the box's own
    version: str
    want: str  # install, hold, deinstall, purge, unknown
    status: str


def listing(text: str, native: str) -> list[Known]:
    """Read `dpkg-query -W -f LISTING`."""
    found = []
    for line in text.splitlines():
        fields = line.split("\t")
        if len(fields) == 5:
            name, arch, version, want, status = fields
            shown = name if arch in ("", "all", native) else f"{name}:{arch}"
            found.append(Known(name=shown, version=version, want=want, status=status))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What `apt-cache policy` says of one package."""

    candidate: str  # "" = none
    on_offer: list[str]  # versions of repositories, newest first


def policies(text: str) -> dict[str, Policy]:
    """Read `apt-cache policy NAME…`. apt also shows names that it takes for near ones."""
    found: dict[str, Policy] = {}
    name, candidate, version = "", "", ""
    offers: list[str] = []
    for line in text.splitlines():
        if line and line[0] != " " and line.endswith(":"):
            name, candidate, version, offers = line[:-1], "", "", []
            found[name] = Policy(candidate="", on_offer=offers)
        elif line.startswith("  Candidate: "):
            candidate = line.removeprefix("  Candidate: ").strip()
            found[name] = Policy(candidate="" if candidate == "(none)" else candidate, on_offer=offers)
        elif match := _SOURCE.fullmatch(line):
            if match[1] != DPKG_STATUS and version and version not in offers:
                offers.append(version)
        elif match := _VERSION.fullmatch(line):
            version = match[1]
    return found


def steps(text: str, native: str) -> list[Step]:
    """Read `apt-get -s …`: `Inst bash [5.1] (5.2 Debian:12/stable [amd64])`, `Remv sl [5.02]`."""
    found = []
    for line in text.splitlines():
        match = _STEP.match(line)
        if match:
            act, name, old, new, arch = match.groups()
            if ":" not in name and arch not in (None, "all", native):
                name = f"{name}:{arch}"
            name = name.removesuffix(f":{native}")
            found.append(Step(name=name, old=old or "", new=(new or "") if act == "Inst" else ""))
    return found


def fetched(text: str) -> dict[str, bool | None]:
    """Read `apt-get update`, by source as `URL SUITE FILE`: True = new, None = nothing new, False = failed."""
    found: dict[str, bool | None] = {}
    for line in text.splitlines():
        match = _FETCHED.match(line)
        if not match:
            continue
        source = _SIZE.sub("", match[2].strip())
        if match[1] == "Err":
            found[source] = False
        elif match[1] == "Get":
            found[source] = True
        else:
            found.setdefault(source, None)
    return found


def complaints(text: str) -> str:
    """Return apt's own errors (`E: …`) on one line, or else the last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line[3:] for line in lines if line.startswith("E: ")]
    return "; ".join(dict.fromkeys(errors)) or (lines[-1] if lines else "")


def owners(text: str, path: str, native: str) -> list[str]:
    """Read `dpkg-query -S PATH`: `a, b:amd64: /bin`; diversions are not owners."""
    found: list[str] = []
    for line in text.splitlines():
        names, colon, place = line.rpartition(f": {path}")
        if colon and not place and not names.startswith(("diversion by ", "local diversion ")):
            found += [each.strip().removesuffix(f":{native}") for each in names.split(", ")]
    return list(dict.fromkeys(found))


def paths(text: str) -> list[str]:
    """Read `dpkg-query -L NAME`; what it says of diversions is left out."""
    return [line for line in text.splitlines() if line.startswith("/") and line != "/."]


def verified(text: str) -> dict[str, dict[str, Any]]:
    """Read what `dpkg --verify` and `rpm -V` print: `??5?????? c /etc/issue`, `missing   /bin/x`."""
    found: dict[str, dict[str, Any]] = {}
    for line in text.splitlines():
        match = _CHECK.fullmatch(line)
        if not match:
            continue
        checks, kind, path = match.groups()
        path = re.sub(r" \((Permission denied|No such file or directory)\)$", "", path)
        entry: dict[str, Any] = {"type": _KINDS[kind]} if kind in _KINDS else {}
        if checks == "missing":
            entry["missing"] = True
        else:
            entry["mismatch"] = [_CHECKS[each] for each in checks if each in _CHECKS]
        found[path] = entry
    return found


def info(stanza: dict[str, str]) -> dict[str, Any]:
    """Return a dpkg status stanza under the names that Salt has for all package managers."""
    summary, _, description = stanza.get("Description", "").partition("\n")
    found: dict[str, Any] = {
        "name": stanza.get("Package", ""),
        "version": stanza.get("Version", ""),
        "arch": stanza.get("Architecture", ""),
        "source": stanza.get("Source", stanza.get("Package", "")),
        "group": stanza.get("Section", ""),
        "packager": stanza.get("Maintainer", ""),
        "vendor": stanza.get("Origin", ""),
        "url": stanza.get("Homepage", ""),
        "summary": summary,
        "description": "\n".join("" if line == "." else line for line in description.splitlines()),
        "status": stanza.get("Status", ""),
    }
    size = stanza.get("Installed-Size", "")
    if size.isdigit():
        found["size"] = int(size) * 1024
    return {key: value for key, value in found.items() if value != ""}


def by_version(records: Iterable[dict[str, str]]) -> dict[str, dict[str, dict[str, str]]]:
    """Return the stanzas of `apt-cache show` by name and version."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for each in records:
        if each.get("Package") and each.get("Version"):
            rest = {key: value for key, value in each.items() if key not in ("Package", "Version")}
            found.setdefault(each["Package"], {}).setdefault(each["Version"], rest)
    return found
