"""What is known of one generic name: its link, its alternatives, which one is used."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One program that may stand behind the name."""

    path: str
    priority: int
    slaves: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A generic name. Paths are "" when the tool does not tell them."""

    name: str
    link: str
    status: str  # auto or manual
    best: str
    value: str
    alternatives: tuple[Alternative, ...]

    def to_map(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "name": self.name,
            "link": self.link,
            "status": self.status,
            "best": self.best,
            "value": self.value,
            "alternatives": {
                each.path: {"priority": each.priority, "slaves": each.slaves} for each in self.alternatives
            },
        }
