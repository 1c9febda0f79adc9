"""Reads what rpm, dnf 4 and dnf 5 print. Pure functions; fields are asked for with tabs between them."""

from __future__ import annotations

import re
from typing import Any, Final

FIELD: Final = "\x1f"
RECORD: Final = "\x1e"
INSTALLED: Final = "%{NAME}\t%{EPOCH}\t%{VERSION}\t%{RELEASE}\t%{ARCH}\n"
ON_OFFER: Final = "%{name}\t%{epoch}\t%{version}\t%{release}\t%{arch}\n"
RECORDS: Final = ("name", "epoch", "version", "release", "arch", "reponame", "license", "url", "summary")
DETAILS: Final = {  # Salt's name, and rpm's tag for it
    "name": "NAME",
    "epoch": "EPOCH",
    "version": "VERSION",
    "release": "RELEASE",
    "arch": "ARCH",
    "install_date_time_t": "INSTALLTIME",
    "build_date_time_t": "BUILDTIME",
    "build_host": "BUILDHOST",
    "group": "GROUP",
    "size": "SIZE",
    "source_rpm": "SOURCERPM",
    "license": "LICENSE",
    "vendor": "VENDOR",
    "packager": "PACKAGER",
    "url": "URL",
    "summary": "SUMMARY",
    "description": "DESCRIPTION",
}
_NUMBERS: Final = ("install_date_time_t", "build_date_time_t", "size")
_FAILED_REPO: Final = re.compile(r"metadata for repo(?:sitory)? '([^']+)'")
_LOCK_4: Final = re.compile(r"!?(?P<name>\S+)-(?:\d+:)[^-\s]+-[^-\s]+")
_LOCK_5: Final = re.compile(r"Package name: (?P<name>\S+)")
_REPO_LINE: Final = re.compile(r"(\S+)\s{2,}\S.*")


def evr(epoch: str, version: str, release: str) -> str:
    """Return `[epoch:]version-release`; no epoch and epoch 0 are the same."""
    return f"{version}-{release}" if epoch in ("", "0", "(none)") else f"{epoch}:{version}-{release}"


def shown_name(name: str, arch: str, native: frozenset[str]) -> str:
    """Return `name`, with `.arch` if that is not the box's own."""
    return name if arch in native else f"{name}.{arch}"


def listing(text: str, native: frozenset[str]) -> list[tuple[str, str]]:
    """Read lines of name, epoch, version, release and architecture as (name, version); keys are no packages."""
    found = []
    for line in text.splitlines():
        fields = line.split("\t")
        if len(fields) == 5 and fields[0] != "gpg-pubkey":
            name, epoch, version, release, arch = fields
            found.append((shown_name(name, arch, native), evr(epoch, version, release)))
    return list(dict.fromkeys(found))


def records(text: str) -> list[dict[str, str]]:
    """Read lines of the fields RECORDS."""
    rows = (line.split("\t") for line in text.splitlines())
    return [dict(zip(RECORDS, row, strict=True)) for row in rows if len(row) == len(RECORDS)]


def details(text: str) -> list[dict[str, Any]]:
    """Read records of the fields DETAILS; what rpm does not know is left out."""
    found = []
    for record in text.split(RECORD):
        values = record.strip("\n").split(FIELD)
        if len(values) != len(DETAILS):
            continue
        entry: dict[str, Any] = {
            key: int(value) if key in _NUMBERS and value.isdigit() else value
            for key, value in zip(DETAILS, values, strict=True)
            if value not in ("", "(none)")
        }
        found.append(entry)
    return found


def failed_repositories(text: str) -> set[str]:
    """Return the ids of repositories whose metadata could not be fetched."""
    return set(_FAILED_REPO.findall(text))


def repositories(text: str) -> list[str]:
    """Read `dnf -q repolist`: an id and a name on each line, under a header."""
    matches = map(_REPO_LINE.fullmatch, text.splitlines())
    return [m[1] for m in matches if m and m[1] != "repo"]


def locked(text: str) -> list[str]:
    """Read `dnf versionlock list` of dnf 4 (`bash-0:5.1-1.el9.*`) or 5 (`Package name: bash`)."""
    found = []
    for line in text.splitlines():
        match = _LOCK_4.fullmatch(line.strip()) or _LOCK_5.fullmatch(line.strip())
        if match and not line.strip().startswith("!"):
            found.append(match["name"])
    return sorted(set(found))


def complaints(text: str) -> str:
    """Return what dnf says went wrong, on one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("Error: ", "Error:", "No match", "Failed"))]
    return "; ".join(dict.fromkeys(errors[:5])) or (lines[-1] if lines else "")
