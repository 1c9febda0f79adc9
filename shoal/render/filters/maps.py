"""Filters of maps, and of values deep in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, Final

from jinja2 import pass_context
from jinja2.runtime import Context

from shoal.errors import RenderError
from shoal.lookup import traverse

_MAX_LEVELS: Final = 32


def find(data: Any, key: str, default: Any = None, delimiter: str = ":") -> Any:
    """Return what `a:b:c` leads to."""
    return traverse(data, str(key), default, delimiter)


def compare_dicts(old: Mapping[Any, Any], new: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return the keys that differ, each with its old and new value; "" where it is not there."""
    return {
        key: {"old": old.get(key, ""), "new": new.get(key, "")}
        for key in [*old, *(key for key in new if key not in old)]
        if key not in old or key not in new or old[key] != new[key]
    }


def _changing(change: Callable[[dict[Any, Any], str, Any], None]) -> Callable[..., dict[Any, Any]]:
    def filter_(
        data: Mapping[Any, Any], keys: str, value: Any, delimiter: str = ":", **_kw: Any
    ) -> dict[Any, Any]:
        result = deepcopy(dict(data))
        levels = str(keys).split(delimiter)
        if len(levels) > _MAX_LEVELS:
            raise RenderError(f"{str(keys)[:60]!r} has more than {_MAX_LEVELS} levels")
        inner = result
        for level in levels[:-1]:
            below = inner.setdefault(level, {})
            if not isinstance(below, dict):
                raise RenderError(f"{level!r} in {str(keys)[:60]!r} is no map")
            inner = below
        change(inner, levels[-1], value)
        return result

    return filter_


def _set(data: dict[Any, Any], key: str, value: Any) -> None:
    data[key] = value


def _append(data: dict[Any, Any], key: str, value: Any) -> None:
    found = data.setdefault(key, [])
    if not isinstance(found, list):
        raise RenderError(f"{key!r} holds no list to append to")
    found.append(value)


def _extend(data: dict[Any, Any], key: str, value: Any) -> None:
    found = data.setdefault(key, [])
    if not isinstance(found, list):
        raise RenderError(f"{key!r} holds no list to extend")
    found.extend(value)


def _update(data: dict[Any, Any], key: str, value: Any) -> None:
    found = data.setdefault(key, {})
    if not isinstance(found, dict):
        raise RenderError(f"{key!r} holds no map to update")
    found.update(value)


@pass_context
def method_call(context: Context, value: Any, name: str, *args: Any, **kwargs: Any) -> Any:
    """Return what a method of a value returns, within the sandbox."""
    method = context.environment.getattr(value, name)
    return context.environment.call(context, method, *args, **kwargs)  # type: ignore[attr-defined]


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "append_dict_key_value": _changing(_append),
    "compare_dicts": compare_dicts,
    "extend_dict_key_value": _changing(_extend),
    "json_decode_dict": dict,
    "method_call": method_call,
    "set_dict_key_value": _changing(_set),
    "traverse": find,
    "update_dict_key_value": _changing(_update),
}
