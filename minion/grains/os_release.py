"""Which distribution this is, from os-release(5), with the values Salt uses for the same box."""

from __future__ import annotations

import re
from typing import Any, Final

from minion.grains.sources import Sources

# `os` is NAME without the word Linux, but for these distributions (by their ID).
_OS: Final = {
    "linuxmint": "Mint",
    "ol": "OEL",
    "opensuse": "SUSE",
    "opensuse-leap": "SUSE",
    "opensuse-tumbleweed": "SUSE",
    "poky": "Poky",
    "pop": "Pop",
    "rhel": "RedHat",
    "sled": "SUSE",
    "sles": "SUSE",
}
_OS_FULL_NAME: Final = {"openSUSE Leap": "Leap", "openSUSE Tumbleweed": "Tumbleweed"}
# `os_family` by ID or an entry of ID_LIKE (which goes from the nearest ancestor to the farthest).
_FAMILY: Final = {
    "debian": "Debian",
    "ubuntu": "Debian",
    "fedora": "RedHat",
    "rhel": "RedHat",
    "centos": "RedHat",
    "amzn": "RedHat",
    "photon": "RedHat",
    "suse": "Suse",
    "opensuse": "Suse",
    "sles": "Suse",
    "arch": "Arch",
    "archarm": "Arch",
    "alpine": "Alpine",
    "gentoo": "Gentoo",
    "raspbian": "Debian",
}
_CODENAME_IN_VERSION: Final = ("almalinux", "rhel", "rocky")
_FINGER_BY_OS: Final = ("Debian", "Raspbian")  # their osfinger starts with `os`, others' with `osfullname`
_FINGER_WITH_MINOR: Final = ("Ubuntu", "Pop")
_LINUX: Final = re.compile(r"\W(?:gnu/)?linux\b", re.IGNORECASE)
_NUMBER: Final = re.compile(r"\b\d[\d.]*\b")


def collect(sources: Sources) -> dict[str, Any]:
    """Return `os*`, `lsb_distrib_*` and `transactional`. A box without os-release has its kernel's name as `os`."""
    tool = "transactional-update"
    return {"transactional": any(sources.exists(f"usr/{folder}/{tool}") for folder in ("sbin", "bin"))} | _os(
        sources
    )


def _os(sources: Sources) -> dict[str, Any]:
    release = sources.assignments("etc/os-release") or sources.assignments("usr/lib/os-release")
    if not release:
        return {"os": sources.uname.sysname, "os_family": "Unknown"}
    grains = _names(release) | _version(release)
    if "osrelease" in grains:
        grains |= _numbers(grains["os"], grains["osfullname"], grains["osrelease"])
    return grains | _lsb(sources, release, grains)


def _names(release: dict[str, str]) -> dict[str, str]:
    name = release.get("NAME", "Linux").strip()
    ident = release.get("ID", "linux")
    os_name = _OS.get(ident, _LINUX.sub("", name).strip() or name)
    ancestry = [ident, *release.get("ID_LIKE", "").split()]
    family = next((_FAMILY[one] for one in reversed(ancestry) if one in _FAMILY), "")
    if not family:
        family = os_name if ancestry[-1] == ident else ancestry[-1].capitalize()
    return {"os": os_name, "os_family": family, "osfullname": _OS_FULL_NAME.get(name, name)}


def _version(release: dict[str, str]) -> dict[str, str]:
    pretty = release.get("PRETTY_NAME", "")
    number = release.get("VERSION_ID") or next(iter(_NUMBER.findall(pretty)), "")
    codename = release.get("VERSION_CODENAME", "")
    if not codename and release.get("ID") in _CODENAME_IN_VERSION:
        codename = release.get("VERSION", "").partition("(")[2].rstrip(")")
    found = {"osrelease": number, "oscodename": codename or pretty}
    return {key: value for key, value in found.items() if value}


def _numbers(os_name: str, full_name: str, release: str) -> dict[str, Any]:
    parts: list[int | str] = [int(part) if part.isdecimal() else part for part in release.split(".")]
    label = os_name if os_name in _FINGER_BY_OS else full_name
    number = release if os_name in _FINGER_WITH_MINOR else parts[0]
    grains: dict[str, Any] = {"osrelease_info": parts, "osfinger": f"{label}-{number}"}
    if isinstance(parts[0], int):
        grains["osmajorrelease"] = parts[0]
    return grains


def _lsb(sources: Sources, release: dict[str, str], grains: dict[str, Any]) -> dict[str, str]:
    """Return what `lsb_release` would print, without running it."""
    lsb = sources.assignments("etc/lsb-release")
    found = {
        "lsb_distrib_id": lsb.get("DISTRIB_ID") or grains["os"],
        "lsb_distrib_release": lsb.get("DISTRIB_RELEASE") or grains.get("osrelease", ""),
        "lsb_distrib_codename": lsb.get("DISTRIB_CODENAME") or grains.get("oscodename", ""),
        "lsb_distrib_description": lsb.get("DISTRIB_DESCRIPTION") or release.get("PRETTY_NAME", ""),
    }
    return {key: value for key, value in found.items() if value}
