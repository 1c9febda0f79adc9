"""What runs as process 1, and systemd's version and features without asking systemctl."""

from __future__ import annotations

import mmap
import re
from typing import Any, Final

from minion.grains.sources import Sources

_BY_NAME: Final = {
    "systemd": "systemd",
    "upstart": "upstart",
    "procd": "procd",
    "runit": "runit",
    "my_init": "runit",
    "dumb-init": "dumb-init",
    "tini": "tini",
    "supervisord": "supervisord",
    "s6-svscan": "s6",
    "openrc-init": "openrc",
}
_SHARED: Final = re.compile(r"libsystemd-shared-((\d+)[^/]*)\.so")
_LIBRARY_FOLDERS: Final = ("usr/lib/systemd", "lib/systemd", "usr/lib64/systemd")


def collect(sources: Sources) -> dict[str, Any]:
    """Return `init` and, where systemctl is installed, `systemd` with `version` and `features`."""
    grains: dict[str, Any] = {"init": _init(sources)}
    if any(sources.exists(f"{folder}/systemctl") for folder in ("usr/bin", "bin")):
        library, version = _shared_library(sources)
        if version:
            grains["systemd"] = {"version": version, "features": _features(sources, library)}
    return grains


def _init(sources: Sources) -> str:
    if sources.exists("run/systemd/system"):
        return "systemd"
    if sources.exists("run/openrc"):
        return "openrc"
    for word in sources.strings("proc/1/cmdline")[:2]:  # the second when a shell or interpreter is the first
        if name := _BY_NAME.get(word.rpartition("/")[2]):
            return name
    if sources.exists("etc/inittab") and sources.exists("etc/init.d"):
        return "sysvinit"
    return "unknown"


def _shared_library(sources: Sources) -> tuple[str, str]:
    """Return the path of systemd's shared library and the release its name tells (`252`)."""
    multiarch = [f"usr/lib/{name}/systemd" for name in sources.names("usr/lib") if "-linux-" in name]
    for folder in (*_LIBRARY_FOLDERS, *multiarch):
        for name in sources.names(folder):
            if match := _SHARED.fullmatch(name):
                return f"{folder}/{name}", match[2]
    return "", ""


def _features(sources: Sources, library: str) -> str:
    """Return the line `+PAM +AUDIT …` that `systemctl --version` prints; it stands in the library as text."""
    try:
        with (
            (sources.root / library).open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
        ):
            # The texts stand near the end, so the search from there touches few pages.
            start = max(data.rfind(b"\0+PAM "), data.rfind(b"\0-PAM ")) + 1
            end = data.find(b"\0", start)
            return data[start:end].decode("ascii", "replace") if 0 < start < end < start + 2000 else ""
    except (OSError, ValueError):  # ValueError: an empty file cannot be mapped
        return ""
