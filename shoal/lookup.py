"""Finds values in nested data by `a:b:c`, and picks from a table by pattern. Pure; for modules and templates."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from shoal.errors import ModuleError

MISSING: Final = object()


def traverse(data: Any, key: str, default: Any, delimiter: str = ":") -> Any:
    """Return what `key` leads to, or `default`. In a list a number is an index, a name a key of its maps."""
    node = data
    for part in key.split(delimiter) if delimiter else [key]:
        if isinstance(node, Mapping):
            node = node.get(part, MISSING)
        elif isinstance(node, (list, tuple)):
            node = _in_list(node, part)
        else:
            return default
        if node is MISSING:
            return default
    return node


def _in_list(items: list[Any] | tuple[Any, ...], part: str) -> Any:
    if part.removeprefix("-").isdecimal():
        index = int(part)
        return items[index] if -len(items) <= index < len(items) else MISSING
    return next((each[part] for each in items if isinstance(each, Mapping) and part in each), MISSING)


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return a new map: `above` over `below`, map by map, lists replaced."""
    result = {key: copy.deepcopy(value) for key, value in below.items()}
    for key, value in above.items():
        under = result.get(key)
        if isinstance(under, Mapping) and isinstance(value, Mapping):
            result[key] = merged(under, value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def filter_by(
    table: Mapping[str, Any],
    value: Any,
    *,
    default: str,
    base: str = "",
    merge: Mapping[str, Any] | None = None,
) -> Any:
    """Return the entry of `table` whose key is a glob for `value` (or for one of its items), as Salt does.

    Without one it is the entry `default`. The entry `base` lies below it, `merge` above it.
    Raises ModuleError when something that is to be merged is not a map.
    """
    values = value if isinstance(value, (list, tuple)) else [value]
    found = next((table[key] for each in values for key in table if fnmatchcase(str(each), key)), None)
    if found is None:
        found = table.get(default)
    return over(over(table.get(base), found), merge)


def over(below: Any, above: Any) -> Any:
    """Return `above` merged over `below`; None on either side is nothing. Raises ModuleError."""
    if below is None or above is None:
        return below if above is None else above
    if not isinstance(below, Mapping) or not isinstance(above, Mapping):
        raise ModuleError("only maps can be merged: the entry, `base` and `merge` must all be maps")
    return merged(below, above)
