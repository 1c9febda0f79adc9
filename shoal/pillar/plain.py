"""Values as they travel in a pillar: maps with text for keys, lists, scalars of the wire, sealed values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, Final

from shoal.errors import RenderError
from shoal.render.aggregated import AggregatedList, AggregatedMap
from shoal.render.sealed import Sealed
from shoal.render.yaml import MAX_DEPTH

_MAX_INT: Final = 2**63
_SCALARS: Final = frozenset({str, bool, bytes, type(None), Sealed})


def plain(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Return `value` rebuilt of what can travel. Raises RenderError for anything else."""
    kind = type(value)
    if kind in _SCALARS:
        return value
    if depth == 0:
        raise RenderError(f"nested deeper than {MAX_DEPTH}")
    if isinstance(value, Mapping):
        made = {key if type(key) is str else str(key): plain(item, depth - 1) for key, item in value.items()}
        return AggregatedMap(made) if kind is AggregatedMap else made
    if isinstance(value, (list, tuple)):
        items = [plain(item, depth - 1) for item in value]
        return AggregatedList(items) if kind is AggregatedList else items
    if kind is int and -_MAX_INT <= value < _MAX_INT:
        return value
    if kind is float and isfinite(value):
        return value
    if isinstance(value, str):
        return str(value)
    raise RenderError(f"{str(value)[:20]!r} is no value that can travel; put it in quotes if text is meant")


def replaced(value: Any, make: Callable[[Sealed], str]) -> Any:
    """Return `value` with `make(sealed)` in place of sealed values."""
    if isinstance(value, dict):
        return {key: replaced(item, make) for key, item in value.items()}
    if isinstance(value, list):
        return [replaced(item, make) for item in value]
    return make(value) if isinstance(value, Sealed) else value
