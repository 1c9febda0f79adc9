"""Hands boxes their pillar: made for the box whose connection has asked, and sealed for it and its question.

What is wrong in the pillar's files is told to the box as one line without anything of them but the place; the log has
the same, and `pillar.show_pillar` the rest.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from master.identity import Identity
from master.pillar.service import PillarService
from master.roster import Roster
from pki.pillar import seal_pillar
from shoal.errors import ConfigError, RenderError, TrustError
from shoal.pillar.failure import PillarError
from shoal.pillar.handed import GRAINS_FIRST, HandedPillar, PillarQuestion
from shoal.wire import encode

log = logging.getLogger(__name__)


class Handing:
    """See the module docstring."""

    def __init__(
        self, pillar: PillarService, roster: Roster, identity: Identity, now: Callable[[], float]
    ) -> None:
        self._pillar = pillar
        self._roster = roster
        self._identity = identity
        self._now = now

    async def answer(self, minion: str, question: PillarQuestion) -> bytes:
        """Return the sealed pillar of `minion`.

        Raises:
            RenderError: there is none, or the grains it is to be made of are not here yet; fit for the box.
            StoreError: too much waits already.
        """
        if question.grains and question.grains != self._roster.digest(minion):
            raise RenderError(GRAINS_FIRST)
        try:
            value = await self._pillar.opened(minion, question.pillarenv)
        except PillarError as error:
            log.error("%s", error.for_log(), extra={"action": "pillar_failed", "minion": minion})
            raise RenderError(error.for_box()) from None
        except (ConfigError, TrustError) as error:  # its text names files of the master
            log.error("no pillar for %s: %s", minion, error, extra={"action": "pillar_failed"})
            raise RenderError(
                "the master cannot open the sealed values of this box's pillar; see its log"
            ) from None
        return await self._pillar.beside(self._sealed, minion, question, value)

    def _sealed(self, minion: str, question: PillarQuestion, value: Mapping[str, Any]) -> bytes:
        identity = self._identity
        handed = HandedPillar(
            fleet=identity.fleet,
            to=minion,
            nonce=question.nonce,
            issued=self._now(),
            pillarenv=question.pillarenv,
            packed=encode(value),
        )
        return seal_pillar(handed, identity.keys.sign, identity.certificate_bytes)
