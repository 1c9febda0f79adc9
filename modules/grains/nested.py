"""Puts a value at `a:b:c` into grains and says which whole grain that makes. Pure: nothing given is changed."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

from shoal.errors import ModuleError
from shoal.lookup import MISSING, traverse

GONE: Final = object()  # as a value: the key is to be taken out


def whole(
    grains: Mapping[str, Any], key: str, value: Any, delimiter: str = ":", *, force: bool = False
) -> tuple[str, Any]:
    """Return the grain that `key` lies in, and what that is with `value` in place (GONE if it is to go).

    Raises ModuleError when something on the way is neither map nor list, and `force` does not replace it.
    """
    check_key(key, delimiter)
    while delimiter and delimiter in key:
        key, _, name = key.rpartition(delimiter)
        parent = copy.deepcopy(traverse(grains, key, None, delimiter))
        if parent is None and value is GONE:
            return key.partition(delimiter)[0], MISSING
        value = _with(parent, key, name, value, force)
    return key, value


def check_key(key: str, delimiter: str = ":") -> None:
    """Raises ModuleError for a key with an empty part: no grains file could hold it."""
    if not all(key.split(delimiter) if delimiter else [key]):
        raise ModuleError(f"{key!r} is not a grain's key: no part of it may be empty")


def _with(parent: Any, key: str, name: str, value: Any, force: bool) -> Any:
    if parent is None:
        return {name: value}
    if isinstance(parent, dict):
        if value is GONE:
            parent.pop(name, None)
        else:
            parent[name] = value
        return parent
    if isinstance(parent, list):
        return _in_list(parent, name, value)
    if parent == name or force:  # Salt's: a word becomes a map that has the word as its key
        return {} if value is GONE else {name: value}
    raise ModuleError(f"the grain {key} is {parent!r}, not a map: use force=True to replace it")


def _in_list(items: list[Any], name: str, value: Any) -> list[Any]:
    """Set `name` in a list: the item of that number, or every map that has it, or the bare word."""
    if name.removeprefix("-").isdecimal() and -len(items) <= int(name) < len(items):
        items[int(name) : int(name) + 1 or None] = [] if value is GONE else [value]
        return items
    found = False
    for index, item in enumerate(items):
        if isinstance(item, dict) and name in item:
            found = True
            if value is GONE:
                del item[name]
            else:
                item[name] = value
        elif item == name and value is not GONE:
            found = True
            items[index] = {name: value}
    if not found and value is not GONE:
        items.append({name: value})
    return items
