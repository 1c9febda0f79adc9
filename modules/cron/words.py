"""What may stand in a job's line: one line each, times that look like times, identifiers that are found again."""

from __future__ import annotations

import re
from typing import Final, Literal

from shoal.errors import ArgumentError

Special = Literal["@reboot", "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"]
_TIME: Final = re.compile(r"[0-9A-Za-z*/,~?#-]{1,200}", re.ASCII)
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_RANGES: Final = {
    "minute": (0, 60),
    "hour": (0, 24),
    "daymonth": (1, 28),
    "month": (1, 12),
    "dayweek": (0, 7),
}  # first and how many, for `random`


def check_times(given: tuple[str | int, ...]) -> tuple[str, ...]:
    """Return the five times as texts. Raises ArgumentError."""
    for name, each in zip(_RANGES, given, strict=True):
        if not _TIME.fullmatch(str(each)):
            raise ArgumentError(f"{name} {str(each)[:40]!r} is no time of a crontab, e.g. 5, 1-5, */10 or *")
    return tuple(str(each) for each in given)


def settle(times: tuple[str, ...], present: tuple[str, ...] | None, seed: str) -> tuple[str, ...]:
    """Return the times with a number for each `random`: the present one, or one that is the same for this seed."""
    settled = []
    for at, (name, each) in enumerate(zip(_RANGES, times, strict=True)):
        if each == "random" and present and present[at] != "*":
            settled.append(present[at])
        elif each == "random":
            first, many = _RANGES[name]
            import hashlib  # with OpenSSL, 4 MiB: not in the waiting executor

            number = int.from_bytes(hashlib.sha256(f"{seed}\0{name}".encode()).digest()[:8], "big")
            settled.append(str(first + number % many))
        else:
            settled.append(each)
    return tuple(settled)


def check_line(text: str, what: str) -> str:
    """Return `text` without the space around it. Raises ArgumentError unless it is one line and not empty."""
    text = text.strip()
    if not text or any(sign in text for sign in "\n\r\0"):
        raise ArgumentError(f"{what} must be one line and not empty")
    return text


def check_about(comment: str | None, identifier: str | None) -> None:
    """Raise ArgumentError for a comment or an identifier that would not be read back as it is."""
    if identifier is not None:
        check_line(identifier, "identifier")
    for text in (comment or "", identifier or ""):
        if "SALT_CRON_IDENTIFIER" in text or "\r" in text or "\0" in text:
            raise ArgumentError(
                "comment and identifier must not hold SALT_CRON_IDENTIFIER or a control character"
            )


def check_variable(name: str) -> str:
    """Return the name of a variable. Raises ArgumentError."""
    if not _VARIABLE.fullmatch(name):
        raise ArgumentError(f"{name[:40]!r} cannot be a variable's name: letters, digits and _")
    return name
