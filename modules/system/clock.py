"""The box's clock: read it, set it, and its hardware clock with it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from re import fullmatch
from typing import Final

from modules import shell
from modules.context import Context
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function

RTC_DEVICES: Final = (Path("/dev/rtc"), Path("/dev/rtc0"), Path("/dev/misc/rtc"))
_TIMES: Final = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
_DATES: Final = ("%Y-%m-%d", "%Y/%m/%d", "%m-%d-%Y", "%m/%d/%Y", "%m-%d-%y", "%m/%d/%y")
_TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The parts of a date and time to change; -1 leaves one as it is."""

    years: int = -1
    months: int = -1
    days: int = -1
    hours: int = -1
    minutes: int = -1
    seconds: int = -1
    utc_offset: str = ""  # +0600; "" = the box's own zone


_NOTHING: Final = Moment()


@function(inline=True, replay="safe")
def get_system_time(ctx: Context, utc_offset: str = "") -> str:
    """Return the time as `02:32:05 PM`, in the box's zone or at an offset such as `+0600`.

    CLI Example:

        shoal '*' system.get_system_time
        shoal '*' system.get_system_time utc_offset=+0600
    """
    return _now(utc_offset).strftime("%I:%M:%S %p")


@function(inline=True, replay="safe")
def get_system_date(ctx: Context, utc_offset: str = "") -> str:
    """Return the date as `Sat 01/31/2026`, in the box's zone or at an offset such as `+0600`.

    CLI Example:

        shoal '*' system.get_system_date
    """
    return _now(utc_offset).strftime("%a %m/%d/%Y")


@function(inline=True, replay="safe")
def get_system_date_time(ctx: Context, utc_offset: str = "") -> str:
    """Return date and time as `2026-01-31 14:32:05`, in the box's zone or at an offset such as `+0600`.

    CLI Example:

        shoal '*' system.get_system_date_time
    """
    return _now(utc_offset).strftime("%Y-%m-%d %H:%M:%S")


@function
def set_system_time(ctx: Context, newtime: str, utc_offset: str = "") -> bool:
    """Set the time of day, as `14:32`, `14:32:05` or `02:32 PM`; a time service that runs sets it back.

    CLI Example:

        shoal '*' system.set_system_time 14:32:05
    """
    then = parsed(newtime, _TIMES)
    return _set(
        _now(utc_offset).replace(hour=then.hour, minute=then.minute, second=then.second, microsecond=0)
    )


@function(replay="safe")
def set_system_date(ctx: Context, newdate: str, utc_offset: str = "") -> bool:
    """Set the date, as `2026-01-31` or `01/31/2026`; the time of day stays.

    CLI Example:

        shoal '*' system.set_system_date 2026-01-31
    """
    then = parsed(newdate, _DATES)
    return _set(_now(utc_offset).replace(year=then.year, month=then.month, day=then.day))


@function
def set_system_date_time(ctx: Context, options: Moment = _NOTHING) -> bool:
    """Set those parts of date and time that are given, and with them the hardware clock if there is one.

    CLI Example:

        shoal '*' system.set_system_date_time years=2026 months=1 days=31 hours=14
    """
    names = {"years": "year", "months": "month", "days": "day", "hours": "hour"}
    names |= {"minutes": "minute", "seconds": "second"}
    given = {part: value for name, part in names.items() if (value := getattr(options, name)) != -1}
    if not given:
        raise ArgumentError("say what to set: years, months, days, hours, minutes or seconds")
    try:
        return _set(_now(options.utc_offset).replace(**given))
    except ValueError as error:
        raise ArgumentError(f"there is no such date or time: {error}") from None


@function(inline=True, replay="safe")
def has_settable_hwclock(ctx: Context) -> bool:
    """Say whether the box has a hardware clock and the program to set it.

    CLI Example:

        shoal '*' system.has_settable_hwclock
    """
    return bool(shell.which("hwclock")) and any(device.exists() for device in RTC_DEVICES)


def parsed(text: str, formats: tuple[str, ...]) -> datetime:
    """Return `text` read by the first format that fits. Raises ArgumentError."""
    for form in formats:
        try:
            return datetime.strptime(text.strip(), form)
        except ValueError:
            continue
    raise ArgumentError(
        f"{text!r} cannot be read; write it as {datetime(2026, 1, 31, 14, 32, 5):{formats[0]}}"
    )


def zone(utc_offset: str) -> timezone | None:
    """Return the zone of `+0600`, None (the box's own) for "". Raises ArgumentError."""
    if not utc_offset:
        return None
    match = fullmatch(r"([+-])(\d\d):?([0-5]\d)", utc_offset)
    if not match or int(match[2]) > 23:
        raise ArgumentError(f"utc_offset must be as +0600 or -0530, not {utc_offset!r}")
    span = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return timezone(-span if match[1] == "-" else span)


def _now(utc_offset: str) -> datetime:
    return datetime.now(zone(utc_offset))


def _set(moment: datetime) -> bool:
    seconds = moment.timestamp()
    try:
        time.clock_settime(time.CLOCK_REALTIME, seconds)
    except (OSError, OverflowError) as error:
        raise ModuleError(f"the clock cannot be set: {getattr(error, 'strerror', None) or error}") from None
    if shell.which("hwclock") and any(device.exists() for device in RTC_DEVICES):
        shell.run(shell.Command(argv=("hwclock", "--systohc"), timeout_s=_TIMEOUT_S)).must_succeed()
    return True
