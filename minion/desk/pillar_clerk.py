"""Lets jobs have the box's pillar fetched anew (`refresh_pillar`), or one made just to be looked at (`pillar`).

A connection that ends does not end a refresh: the box is to have its pillar, whoever asked.
"""

from __future__ import annotations

from minion.desk.desk import Cancel, Clerk, Say
from minion.pillar.keeper import PillarKeeper
from shoal.files.names import MAX_ENV, check_env
from shoal.wire import Fields


class PillarClerk:
    """Hands wishes on to `keeper`."""

    def __init__(self, keeper: PillarKeeper) -> None:
        self._keeper = keeper

    def clerks(self) -> dict[str, Clerk]:
        """Return who answers which operation."""
        return {"refresh_pillar": self._refresh, "pillar": self._fresh}

    def _refresh(self, fields: Fields, say: Say) -> Cancel:
        fields.done()

        def done(failed: str) -> None:
            say({"error": "", "failed": failed, "last": True})

        self._keeper.refresh(done)
        return lambda: None

    def _fresh(self, fields: Fields, say: Say) -> Cancel:
        pillarenv = fields.text("pillarenv", MAX_ENV)
        fields.done()
        if pillarenv:
            check_env(pillarenv)

        def done(failed: str, packed: bytes) -> None:
            say({"error": "", "failed": failed, "packed": packed, "last": True})

        return self._keeper.fresh(pillarenv, done)
