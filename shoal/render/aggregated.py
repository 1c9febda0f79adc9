"""Values that `#!yamlex` marks with `!aggregate`: merging gathers them instead of putting one over the other."""

from __future__ import annotations

from typing import Any, Final

TAG: Final = "!aggregate"


class AggregatedMap(dict[Any, Any]):
    """A map to be merged with others of its kind."""


class AggregatedList(list[Any]):
    """A list to be joined with others of its kind; a scalar is a list of one."""


def aggregated(value: Any) -> AggregatedMap | AggregatedList:
    """Return `value` marked."""
    if isinstance(value, dict):
        return AggregatedMap(value)
    return AggregatedList(value if isinstance(value, list) else [value])
