"""What one minion is known by when targets are matched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One minion: its id, what it says of itself (grains), what it was given (pillar, tags).

    A tag is one value or a list of values: `{"site": "paris", "group": ["edge", "camera"]}`. Only the master
    sets tags, so they can be trusted; grains are the box's own word.
    """

    id: str
    grains: Mapping[str, Any] = field(default_factory=dict)
    pillar: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, Any] = field(default_factory=dict)


Matcher = Callable[[Facts], bool]


def everyone(_facts: Facts) -> bool:
    """Match every minion."""
    return True


def nobody(_facts: Facts) -> bool:
    """Match no minion."""
    return False
