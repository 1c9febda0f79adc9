"""Tells `shoal-call` what the daemon knows of the box: grains, and the tags that the master gave."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from minion.desk.desk import Cancel, Clerk, Say
from shoal.wire import Fields

Known = Callable[[], "tuple[Mapping[str, Any], Mapping[str, str]]"]


class FactsClerk:
    """Answers at once, with what is known now."""

    def __init__(self, known: Known) -> None:
        self._known = known

    def clerks(self) -> dict[str, Clerk]:
        """Return who answers which operation."""
        return {"facts": self._facts}

    def _facts(self, fields: Fields, say: Say) -> Cancel:
        fields.done()
        grains, tags = self._known()
        say({"error": "", "grains": dict(grains), "tags": dict(tags), "last": True})
        return lambda: None
