"""One map over another: Salt's strategies for pillar and `slsutil.merge`. Pure; nothing given is changed.

recurse     map by map, as deep as both are maps
overwrite   a key of the upper takes the lower one's place whole
aggregate   like overwrite, but what both mark with `!aggregate` is gathered (`#!yamlex`)
smart       aggregate for yamlex, else recurse
list        both values of a key in a list
none        as recurse: nothing of other sources gets here then
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from shoal.render.aggregated import AggregatedList, AggregatedMap

STRATEGIES: Final = ("smart", "recurse", "aggregate", "overwrite", "list", "none")


def merge(
    below: Mapping[str, Any], above: Mapping[str, Any], strategy: str = "smart", *, merge_lists: bool = False
) -> dict[str, Any]:
    """Return `above` over `below`. With `merge_lists`, recurse joins lists, each item once."""
    if strategy == "aggregate":
        return _aggregate(below, above)
    if strategy == "list":
        return {
            **below,
            **{key: [below[key], value] if key in below else value for key, value in above.items()},
        }
    if strategy == "overwrite":
        return {**below, **above}
    return recurse(below, above, merge_lists=merge_lists)


def merge_all(
    values: Iterable[Mapping[str, Any]], strategy: str = "smart", *, merge_lists: bool = False
) -> dict[str, Any]:
    """Return maps over one another, the last on top. Quicker than `merge` again and again."""
    result: dict[str, Any] = {}
    for value in values:
        for key, item in value.items():
            one = {key: item}
            result |= (
                merge({key: result[key]}, one, strategy, merge_lists=merge_lists) if key in result else one
            )
    return result


def recurse(
    below: Mapping[str, Any], above: Mapping[str, Any], *, merge_lists: bool = False
) -> dict[str, Any]:
    """Return `above` over `below`, map by map."""
    result = dict(below)
    for key, value in above.items():
        under = result.get(key)
        if isinstance(under, Mapping) and isinstance(value, Mapping):
            result[key] = recurse(under, value, merge_lists=merge_lists)
        elif merge_lists and isinstance(under, list) and isinstance(value, list):
            result[key] = under + [item for item in value if item not in under]
        else:
            result[key] = value
    return result


def _aggregate(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        result[key] = _gathered(result[key], value) if key in result else value
    return result


def _gathered(under: Any, over: Any) -> Any:
    if isinstance(under, AggregatedMap) and isinstance(over, AggregatedMap):
        return AggregatedMap(_aggregate(under, over))
    if isinstance(under, AggregatedList) and isinstance(over, AggregatedList):
        return AggregatedList([*under, *(item for item in over if item not in under)])
    return over
