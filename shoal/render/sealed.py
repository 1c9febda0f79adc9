"""A value that only the master can read: `password: !sealed BASE64` in a file.

It passes through templates and merges as it is. As text it is its own YAML form, still sealed, so `{{ value }}` puts it
into a template's output and nothing can be read in a log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

TAG: Final = "!sealed"
MAX_SEALED: Final = 128 * 1024  # characters


@dataclass(frozen=True, slots=True)
class Sealed:
    """The base64 text of a sealed box."""

    box: str

    def __str__(self) -> str:
        return f"{TAG} {self.box}"

    __repr__ = __str__


def holds_sealed(value: Any) -> bool:
    """Say whether a sealed value is anywhere in `value`."""
    if isinstance(value, dict):
        return any(map(holds_sealed, value.values()))
    if isinstance(value, list):
        return any(map(holds_sealed, value))
    return isinstance(value, Sealed)
