"""Filters of lists."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from shoal.errors import RenderError
from shoal.render.rendering import MAX_ITEMS

_MAX_DEPTH: Final = 100


def sequence(value: Any) -> Any:
    """Return a list or map as it is, and anything else in a list."""
    return value if isinstance(value, (list, tuple, set, Mapping)) else [value]


def flatten(value: Any, levels: int | None = None, preserve_nulls: bool = False) -> list[Any]:
    """Return the items of lists in lists as one list."""
    return list(_flat(value, _MAX_DEPTH if levels is None else levels, preserve_nulls))


def _flat(items: Any, levels: int, nulls: bool) -> Iterator[Any]:
    for item in items:
        if isinstance(item, (list, tuple)) and levels > 0:
            yield from _flat(item, levels - 1, nulls)
        elif nulls or item not in (None, "None", "null"):
            yield item


def unique(value: Any, attribute: Any = None, **_ignored: Any) -> Any:
    """Return the items, each once, in their order."""
    if isinstance(value, Hashable) and not isinstance(value, (tuple, Iterator)):
        return value
    seen: list[Any] = []
    for item in value:
        if item not in seen:
            seen.append(item)
    return seen


def union(first: Sequence[Any], second: Sequence[Any]) -> list[Any]:
    """Return what is in either."""
    return unique([*first, *second])  # type: ignore[no-any-return]


def intersect(first: Sequence[Any], second: Sequence[Any]) -> list[Any]:
    """Return what is in both."""
    return unique([item for item in first if item in second])  # type: ignore[no-any-return]


def difference(first: Sequence[Any], second: Sequence[Any]) -> list[Any]:
    """Return what is in the first and not in the second."""
    return unique([item for item in first if item not in second])  # type: ignore[no-any-return]


def symmetric_difference(first: Sequence[Any], second: Sequence[Any]) -> list[Any]:
    """Return what is in only one of both."""
    return [*difference(first, second), *difference(second, first)]


def sorted_ignorecase(value: Iterable[Any]) -> list[Any]:
    """Return the texts in order, upper case as lower case."""
    return sorted(value, key=lambda item: str(item).lower())


def compare_lists(old: Sequence[Any], new: Sequence[Any]) -> dict[str, Any]:
    """Return what only one of the lists has."""
    found = {
        "old": [item for item in old if item not in new],
        "new": [item for item in new if item not in old],
    }
    return {key: items for key, items in found.items() if items}


def _bounded(make: Callable[..., Iterable[Any]]) -> Callable[..., list[Any]]:
    def bounded(*args: Any, **kwargs: Any) -> list[Any]:
        found = list(itertools.islice(make(*args, **kwargs), MAX_ITEMS + 1))
        if len(found) > MAX_ITEMS:
            raise RenderError(f"more than {MAX_ITEMS} items")
        return found

    return bounded


def _product(*lists: Sequence[Any], repeat: int = 1) -> Iterable[Any]:
    if repeat > 16:
        raise RenderError(f"product: repeat={repeat} is more than 16")
    return itertools.product(*lists, repeat=repeat)


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "combinations": _bounded(itertools.combinations),
    "combinations_with_replacement": _bounded(itertools.combinations_with_replacement),
    "compare_lists": compare_lists,
    "compress": _bounded(itertools.compress),
    "difference": difference,
    "flatten": flatten,
    "intersect": intersect,
    "json_decode_list": list,
    "permutations": _bounded(itertools.permutations),
    "product": _bounded(_product),
    "sequence": sequence,
    "sorted_ignorecase": sorted_ignorecase,
    "symmetric_difference": symmetric_difference,
    "union": union,
    "unique": unique,
    "zip": _bounded(zip),
    "zip_longest": _bounded(itertools.zip_longest),
}
