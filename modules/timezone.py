"""The box's time zone, as /etc/localtime has it, and whether its hardware clock runs in UTC.

The zone is a link that is replaced in one step; no program and no daemon is asked. A process that runs already
may keep the zone it started with.
"""

from __future__ import annotations

import os
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Final, Literal

from modules import shell
from modules.atomic_file import put_link
from modules.context import Context
from modules.held_folder import entered_below
from modules.text_file import edit_text, read_text
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function

ZONEINFO: Final = "/usr/share/zoneinfo"
LOCALTIME: Final = "/etc/localtime"
TIMEZONE: Final = "/etc/timezone"  # Debian and Alpine repeat the name here
ADJTIME: Final = "/etc/adjtime"
OPENRC_HWCLOCK: Final = "/etc/conf.d/hwclock"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+-]*(?:/[A-Za-z0-9][A-Za-z0-9_+-]*){0,3}", re.ASCII)
_COPIES: Final = ("posix", "right")  # the same zones once more
_MAX_BYTES: Final = 256 * 1024
_OPENRC_CLOCK: Final = re.compile(r"""^clock=["']?(\w+)["']?[^\n]*$""", re.MULTILINE)


@function(replay="safe")
def get_zone(ctx: Context) -> str:
    """Return the name of the time zone, e.g. `Europe/Berlin`; `UTC` if none is set.

    CLI Example:

        shoal '*' timezone.get_zone
    """
    path = Path(LOCALTIME)
    if not os.path.lexists(path):
        return "UTC"
    if path.is_symlink():
        target = os.path.normpath(path.parent / path.readlink())
        if target.startswith(ZONEINFO + "/"):
            return target[len(ZONEINFO) + 1 :]
    return _zone_of_copy(_bytes(LOCALTIME))


@function(replay="safe")
def get_zonecode(ctx: Context) -> str:
    """Return the short name of the zone's time now, e.g. `CEST`.

    CLI Example:

        shoal '*' timezone.get_zonecode
    """
    return _now().tzname() or ""


@function(replay="safe")
def get_offset(ctx: Context) -> str:
    """Return how far the local time is from UTC now, e.g. `+0200`.

    CLI Example:

        shoal '*' timezone.get_offset
    """
    return _now().strftime("%z")


@function(replay="safe")
def zone_compare(ctx: Context, timezone: str) -> bool:
    """Say whether the box has this time zone, under this or another name.

    CLI Example:

        shoal '*' timezone.zone_compare Etc/UTC
    """
    wanted = _bytes(str(_zone_file(timezone)))
    if not Path(LOCALTIME).exists():
        return timezone in ("UTC", "Etc/UTC")
    return wanted == _bytes(LOCALTIME)


@function(replay="safe")
def set_zone(ctx: Context, timezone: str) -> bool:
    """Set the time zone, for programs that start from now on.

    CLI Example:

        shoal '*' timezone.set_zone Europe/Berlin
    """
    target = _zone_file(timezone)
    place = Path(LOCALTIME)
    try:
        with entered_below(place.parent) as folder:
            put_link(folder, place.name, str(target))
    except OSError as error:
        raise ModuleError(f"{LOCALTIME} cannot be set: {error.strerror}") from None
    if Path(TIMEZONE).exists():
        edit_text(TIMEZONE, lambda _: f"{timezone}\n")
    return True


@function(replay="safe")
def put_back(ctx: Context, target: str, name: str | None = None) -> bool:
    """Let /etc/localtime lead where it led, "" = not be there: the way back of the state `timezone.system`.

    `name` is what /etc/timezone had, with its line's end; null = leave that alone.

    CLI Example:

        shoal '*' timezone.put_back /usr/share/zoneinfo/Etc/UTC
    """
    place = Path(LOCALTIME)
    if target and not os.path.normpath(place.parent / target).startswith(f"{ZONEINFO}/"):
        raise ArgumentError(f"{target!r} is not below {ZONEINFO}")
    try:
        with entered_below(place.parent) as folder:
            if target:
                put_link(folder, place.name, target)
            else:
                place.unlink(missing_ok=True)
    except OSError as error:
        raise ModuleError(f"{LOCALTIME} cannot be set: {error.strerror}") from None
    if name is not None:
        edit_text(TIMEZONE, lambda _: name)
    return True


@function(replay="safe")
def list_(ctx: Context) -> list[str]:
    """List the names of the time zones that the box knows.

    CLI Example:

        shoal '*' timezone.list
    """
    found: list[str] = []
    for folder, folders, files in os.walk(ZONEINFO):
        folders[:] = [each for each in folders if each not in _COPIES]
        above = os.path.relpath(folder, ZONEINFO)
        for name in files:
            if _is_zone(Path(folder, name)):
                found.append(name if above == "." else f"{above}/{name}")
    return sorted(found)


@function(replay="safe")
def get_hwclock(ctx: Context) -> str:
    """Return `UTC` or `localtime`: what the hardware clock is taken to show.

    CLI Example:

        shoal '*' timezone.get_hwclock
    """
    if found := _OPENRC_CLOCK.search(read_text(OPENRC_HWCLOCK)):
        return "localtime" if found.group(1).lower() == "local" else "UTC"
    lines = read_text(ADJTIME).splitlines()
    return "localtime" if len(lines) > 2 and lines[2].strip() == "LOCAL" else "UTC"


@function(replay="safe")
def set_hwclock(ctx: Context, clock: Literal["UTC", "localtime"]) -> bool:
    """Set the hardware clock from the system's time, in UTC or local time, and have it read so at each start.

    CLI Example:

        shoal '*' timezone.set_hwclock UTC
    """
    words = ["hwclock", "-w", "-u" if clock == "UTC" else "-l"]  # the short ones are busybox's too
    shell.run(shell.Command(argv=words, env={"LC_ALL": "C"})).must_succeed()
    if Path(OPENRC_HWCLOCK).exists():
        edit_text(OPENRC_HWCLOCK, lambda text: _with_clock(text, "UTC" if clock == "UTC" else "local"))
    return True


def _with_clock(text: str, clock: str) -> str:
    line = f'clock="{clock}"'
    if _OPENRC_CLOCK.search(text):
        return _OPENRC_CLOCK.sub(line, text)
    return f"{text}{line}\n"


def _zone_file(name: str) -> Path:
    path = Path(ZONEINFO, name)
    if not _NAME.fullmatch(name) or not _is_zone(path):
        raise ArgumentError(
            f"{name!r} is no time zone of this box; timezone.list has them, tzdata brings them"
        )
    return path


def _is_zone(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"TZif"
    except OSError:
        return False


def _zone_of_copy(data: bytes) -> str:
    """Return the name of the zone of which /etc/localtime is a copy."""
    told = read_text(TIMEZONE).strip()
    if _NAME.fullmatch(told) and _is_zone(Path(ZONEINFO, told)) and _bytes(f"{ZONEINFO}/{told}") == data:
        return told
    for folder, folders, files in os.walk(ZONEINFO):
        folders[:] = sorted(each for each in folders if each not in _COPIES)
        for name in sorted(files):
            path = Path(folder, name)
            if name != "localtime" and path.stat().st_size == len(data) and _bytes(str(path)) == data:
                return str(path.relative_to(ZONEINFO))
    raise ModuleError(f"{LOCALTIME} is none of the time zones in {ZONEINFO}: set one with timezone.set_zone")


def _bytes(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(_MAX_BYTES)
    except OSError as error:
        raise ModuleError(f"{path} cannot be read: {error.strerror}") from None


def _now() -> datetime:
    from zoneinfo import ZoneInfo  # with sysconfig, 0.3 MiB

    now = datetime.now(timezone.utc)
    try:
        with Path(LOCALTIME).open("rb") as file:
            return now.astimezone(ZoneInfo.from_file(file))
    except FileNotFoundError:
        return now
    except (OSError, ValueError) as error:
        raise ModuleError(f"{LOCALTIME} cannot be read as a time zone: {error}") from None
