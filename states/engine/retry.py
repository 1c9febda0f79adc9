"""`retry`: how often a state is tried again, and until when."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, Final

from shoal.errors import ArgumentError

_MAX_ATTEMPTS: Final = 10_000
_MAX_S: Final = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """`attempts` in all, `interval` seconds and up to `splay` more between two, until the result is `until`."""

    attempts: int = 2
    interval: float = 30
    splay: float = 0
    until: bool = True

    @classmethod
    def read(cls, value: Any) -> Retry | None:
        """Return what an SLS says. Raises ArgumentError."""
        if value is None or value is False:
            return None
        if value is True:
            return cls()
        given = value
        if isinstance(value, list):
            given = {key: each for part in value if isinstance(part, dict) for key, each in part.items()}
        if not isinstance(given, dict):
            raise ArgumentError("retry: a map is meant, with attempts, interval, until and splay")
        unknown = given.keys() - {"attempts", "interval", "splay", "until"}
        if unknown:
            raise ArgumentError(f"retry: {min(unknown)} is none of attempts, interval, until, splay")
        return cls(
            attempts=int(_number(given, "attempts", 2, _MAX_ATTEMPTS)),
            interval=_number(given, "interval", 30, _MAX_S),
            splay=_number(given, "splay", 0, _MAX_S),
            until=bool(given.get("until", True)),
        )

    @property
    def told(self) -> str:
        """What a test run says."""
        return (
            f"The state would be retried every {self.interval:g} seconds (with a splay of up to {self.splay:g} "
            f"seconds) a maximum of {self.attempts} times or until a result of {self.until} is returned"
        )

    def pause(self) -> float:
        """Return the seconds to wait."""
        return self.interval + random.uniform(0, self.splay)  # noqa: S311 - to spread load


def _number(given: dict[str, Any], name: str, default: float, most: float) -> float:
    value = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= most:
        raise ArgumentError(f"retry: {name} is a number from 0 to {most:g}, not {value!r}")
    return value
