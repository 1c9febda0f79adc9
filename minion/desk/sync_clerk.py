"""Lets jobs have synced files brought up to date: `sync` with kinds and an environment, answered when it is done.

A connection that ends does not end the sync: the box is to be as its master says, whoever asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from minion.desk.desk import Cancel, Clerk, Say
from shoal.errors import WireError
from shoal.files.names import check_env
from shoal.synced import KINDS
from shoal.wire import Fields

OnSynced = Callable[[str, dict[str, list[str]]], None]  # what went wrong, and what has changed, by kind
Sync = Callable[[Sequence[str], str, OnSynced], None]  # kinds, environment


class SyncClerk:
    """Hands wishes on to `sync`."""

    def __init__(self, sync: Sync) -> None:
        self._sync = sync

    def clerks(self) -> dict[str, Clerk]:
        """Return who answers which operation."""
        return {"sync": self._answer}

    def _answer(self, fields: Fields, say: Say) -> Cancel:
        kinds, env = fields.texts("kinds", len(KINDS), 16), check_env(fields.text("env", 128))
        fields.done()
        if not set(kinds) <= set(KINDS):
            raise WireError(f"synced are {', '.join(KINDS)}")

        def done(failed: str, changed: dict[str, list[str]]) -> None:
            say({"error": "", "failed": failed, "changed": changed, "last": True})

        self._sync(kinds, env, done)
        return lambda: None
