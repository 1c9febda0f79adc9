"""All sources of `ext_pillar` asked for one box, in their order, later ones over earlier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from master.pillar.sources.command import Command
from master.pillar.sources.config import CommandSource, ExternalSource, YamlDirSource
from master.pillar.sources.contract import PillarSource
from master.pillar.sources.sql import Sql
from master.pillar.sources.yaml_dir import YamlDir
from shoal.errors import RenderError
from shoal.merge import recurse
from shoal.pillar.failure import PillarError
from shoal.pillar.merged import below


class Sources:
    """See the module docstring. May be used by several threads."""

    def __init__(self, configured: Sequence[ExternalSource]) -> None:
        """Raises ConfigError for a URL that cannot be read."""
        self._sources = [(_levels(each.under), _open(each)) for each in configured]

    def __bool__(self) -> bool:
        return bool(self._sources)

    def fetch(self, minion: str, tags: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the sources say of a box. Raises PillarError: one that fails fails all."""
        value: dict[str, Any] = {}
        errors: list[RenderError] = []
        for levels, source in self._sources:
            try:
                value = recurse(value, below(levels, source.fetch(minion, tags)))
            except RenderError as error:
                errors.append(error)
        if errors:
            raise PillarError(minion, errors)
        return value


def _levels(under: str) -> tuple[str, ...]:
    return tuple(under.split(":")) if under else ()


def _open(each: ExternalSource) -> PillarSource:
    if isinstance(each, YamlDirSource):
        return YamlDir(each.path)
    if isinstance(each, CommandSource):
        return Command(each.argv, each.timeout_s)
    from master.store.outside import OutsideQuery  # only a master that has such a source

    return Sql(OutsideQuery(each.url, each.query))
