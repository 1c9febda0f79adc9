"""What an external source of pillar is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class PillarSource(Protocol):
    """One entry of `ext_pillar`. Called from several threads."""

    def fetch(self, minion: str, tags: Mapping[str, Any]) -> dict[str, Any]:
        """Return what it says of a box, {} for nothing. Raises RenderError."""
        ...
