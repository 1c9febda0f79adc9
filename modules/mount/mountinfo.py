"""What is mounted now, as the kernel says it in /proc/self/mountinfo. Reading never touches a mounted system."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from modules.mount.escapes import unescape
from shoal.errors import ModuleError

MOUNTINFO: Final = "/proc/self/mountinfo"
BY_UUID: Final = "/dev/disk/by-uuid"
BY_LABEL: Final = "/dev/disk/by-label"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mounted:
    """One line of mountinfo."""

    mountid: int
    parentid: int
    number: str  # the device's, as major:minor
    root: str
    name: str  # where it is mounted
    opts: list[str]
    fstype: str
    device: str
    superopts: list[str]

    @staticmethod
    def from_line(line: str) -> Mounted:
        """Return what a line says. Raises ValueError."""
        words, more = (part.split(" ") for part in line.split(" - ", 1))
        return Mounted(
            mountid=int(words[0]),
            parentid=int(words[1]),
            number=words[2],
            root=unescape(words[3]),
            name=unescape(words[4]),
            opts=words[5].split(","),
            fstype=more[0],
            device=unescape(more[1]),
            superopts=more[2].split(",") if len(more) > 2 else [],
        )


def all_mounted() -> list[Mounted]:
    """Return every mount in the order of mounting. Raises ModuleError."""
    try:
        text = Path(MOUNTINFO).read_text("utf-8", "surrogateescape")
        return [Mounted.from_line(line) for line in text.split("\n") if line]
    except OSError as error:
        raise ModuleError(f"{MOUNTINFO} cannot be read: {error.strerror}") from None
    except (ValueError, IndexError):
        raise ModuleError(f"{MOUNTINFO} has a line that is not understood") from None


def mounted_at(name: str) -> Mounted | None:
    """Return what is on top at a mount point, None if nothing is mounted there."""
    wanted = os.path.normpath(name)
    mounts = all_mounted()
    found = [each for each in mounts if each.name == wanted]
    if not found:  # behind a link; looked at second, because following one may touch a dead server
        real = os.path.realpath(name)
        found = [each for each in mounts if each.name == real]
    return found[-1] if found else None


def real_device(device: str) -> str:
    """Return the path of a device that may be named by link, UUID or label; another name stays as it is."""
    for tag, folder in (("UUID=", BY_UUID), ("LABEL=", BY_LABEL)):
        if device.startswith(tag):
            device = f"{folder}/{device.removeprefix(tag).strip(chr(34))}"
    return os.path.realpath(device) if device.startswith("/dev/") else device


def tag_of(device: str, folder: str) -> str:
    """Return the UUID or label by which udev lists a device in `folder`, "" if it does not."""
    try:
        links = sorted(Path(folder).iterdir())
    except OSError:
        return ""
    real = real_device(device)
    return next((unhexed(link.name) for link in links if os.path.realpath(link) == real), "")


def unhexed(name: str) -> str:
    r"""Return a label as it is, from udev's spelling, where a space is `\x20`."""
    head, *rest = name.split("\\x")
    try:
        return head + "".join(chr(int(part[:2], 16)) + part[2:] for part in rest)
    except ValueError:
        return name
