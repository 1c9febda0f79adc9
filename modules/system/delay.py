"""Reads `at_time`: how long to wait before the box goes down. Pure: the time now comes in."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from shoal.errors import ArgumentError

DEFAULT_S: Final = 10
MIN_S: Final = 5  # the job's answer has to get home first
MAX_S: Final = 30 * 86400
_SPAN: Final = re.compile(r"\+?(\d{1,9})([smh]?)", re.ASCII)
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d\d)", re.ASCII)
_UNIT_S: Final = {"s": 1, "m": 60, "h": 3600}


def delay_s(at_time: int | str, *, in_seconds: bool, now: datetime) -> int:
    """Return the seconds that `5` (minutes, or seconds with `in_seconds`), `30s`, `2h`, `23:30` or `now` stand for.

    `now` is local time. Never less than `MIN_S`. Raises ArgumentError.
    """
    text = str(at_time).strip()
    if not text:
        return DEFAULT_S
    if text == "now":
        return MIN_S
    if match := _SPAN.fullmatch(text):
        seconds = int(match[1]) * _UNIT_S[match[2] or ("s" if in_seconds else "m")]
    elif (match := _CLOCK.fullmatch(text)) and int(match[1]) < 24 and int(match[2]) < 60:
        seconds = _until(int(match[1]), int(match[2]), now)
    else:
        raise ArgumentError(f"at_time must be minutes, a span as 30s or 2h, or a time as 23:30, not {text!r}")
    if seconds > MAX_S:
        raise ArgumentError(f"at_time is more than {MAX_S // 86400} days away")
    return max(seconds, MIN_S)


def _until(hour: int, minute: int, now: datetime) -> int:
    then = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if then <= now:
        then += timedelta(days=1)
    return int(then.timestamp() - now.timestamp())  # not `then - now`: that ignores a change to summer time
