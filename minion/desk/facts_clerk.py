"""Tells `shoal-call` what the daemon knows of the box: grains, the tags that the master gave, the pillar (packed)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from minion.desk.desk import Cancel, Clerk, Say
from shoal.wire import Fields

Known = Callable[[], "tuple[Mapping[str, Any], Mapping[str, str], bytes]"]


class FactsClerk:
    """Answers at once, with what is known now."""

    def __init__(self, known: Known) -> None:
        self._known = known

    def clerks(self) -> dict[str, Clerk]:
        """Return who answers which operation."""
        return {"facts": self._facts}

    def _facts(self, fields: Fields, say: Say) -> Cancel:
        fields.done()
        grains, tags, pillar = self._known()
        say({"error": "", "grains": dict(grains), "tags": dict(tags), "pillar": pillar, "last": True})
        return lambda: None
