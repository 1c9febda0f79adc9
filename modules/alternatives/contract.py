"""What a distribution's tool for alternatives can do. Names and paths are checked before they come here."""

from __future__ import annotations

from typing import Protocol

from modules.alternatives.group import Group


class Alternatives(Protocol):
    """The hand for one tool."""

    def display(self, name: str) -> str:
        """Return what the tool says of a name, "" if it does not know it."""

    def query(self, name: str) -> Group | None:
        """Return what is known of a name, None if nothing is."""

    def run(self, *words: str) -> str:
        """Let the tool do something and return what it said. Raises CommandError."""
