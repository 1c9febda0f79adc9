"""What the master was last told of this box's grains, so that a change is told as a difference.

Kept, packed, only from a change until it is told: a box whose grains rest keeps nothing here. Whether the
master really has it is the master's to say: one that has not asks for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shoal.grains_report import GrainsReport
from shoal.wire import decode, encode


class Reported:
    """The base of the next difference, if there is one."""

    def __init__(self) -> None:
        self._base = b""
        self._packed = b""

    def changing(self, digest: bytes, grains: Mapping[str, Any]) -> None:
        """Keep the grains that are about to be replaced, unless older ones wait to be told from."""
        if not self._base:
            self._base, self._packed = digest, encode(dict(grains))

    def report(self, digest: bytes, grains: Mapping[str, Any], known: bytes | None = None) -> GrainsReport:
        """Return what to tell; `known` is the digest the master says it has, None if it said nothing."""
        if not self._base or known not in (None, self._base):
            return GrainsReport(digest=digest, grains=grains)
        return GrainsReport.between(self._base, decode(self._packed, len(self._packed)), digest, grains)

    def told(self) -> None:
        """The report is on its way: the next difference begins from there."""
        self._base = self._packed = b""
