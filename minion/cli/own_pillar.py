"""The pillar of a box that stands alone (`shoal-call --local`), from its own `pillar_roots`.

The same compiler as the master's; external sources and sealed values are the master's alone. Whoever runs this reads
the files anyway, so errors are shown with the lines around.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from shoal.exits import CliError
from shoal.pillar.compiler import PillarCompiler, Rules
from shoal.pillar.inputs import Box
from shoal.targets.nodegroup import Nodegroups

_SEALED: Final = (
    "only a master can open this pillar's sealed values; leave out --local, or name another --pillar-root"
)


class OwnPillar:
    """Made anew at each question."""

    def __init__(
        self,
        folders: Mapping[str, Sequence[Path]],
        nodegroups: Nodegroups,
        minion: str,
        grains: Mapping[str, Any],
    ) -> None:
        self._compiler = PillarCompiler(folders, Rules(nodegroups=nodegroups))
        self._box = Box(id=minion, grains=grains)

    def compile(self, pillarenv: str = "") -> dict[str, Any]:
        """Return the pillar. Raises PillarError, whose text has lines of the files; CliError."""
        merged = self._compiler.compile(self._box, pillarenv)
        if merged.sealed:
            raise CliError(_SEALED)
        return dict(merged.value)
