"""The data of many files as one map, made once for all boxes that have the same files' renderings.

A `Part` is one SLS with what it includes: the includes go first, in order, then its own data over them.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from shoal.errors import RenderError, WireError
from shoal.merge import merge_all
from shoal.pillar.handed import MAX_PILLAR_BYTES
from shoal.pillar.plain import replaced
from shoal.pillar.renderings import Rendered
from shoal.render.sealed import holds_sealed
from shoal.wire import encode

_MAX_KEPT_BYTES: Final = 64 * 1024 * 1024

Strategy = tuple[str, bool]  # name, whether lists are joined


@dataclass(frozen=True, slots=True)
class Part:
    """One SLS: what it says, and the parts that it includes, each with the levels it goes below."""

    rendered: Rendered
    includes: tuple[tuple[tuple[str, ...], Part], ...] = ()

    def key(self) -> Hashable:
        """Return what tells this from other parts."""
        return self.rendered.serial, tuple((levels, part.key()) for levels, part in self.includes)

    @property
    def sealed(self) -> bool:
        """Say whether there is a sealed value in it."""
        return bool(self.rendered.document.boxes) or any(part.sealed for _, part in self.includes)


@dataclass(frozen=True, slots=True, eq=False)
class Merged:
    """A whole pillar; sealed values are still sealed. Shared by boxes: never changed."""

    value: Mapping[str, Any]
    size: int
    sealed: bool


class MergedPillars:
    """Merges, and keeps what came of it within a bound."""

    def __init__(self, strategy: Strategy) -> None:
        self._strategy = strategy
        self._kept: OrderedDict[Hashable, Merged] = OrderedDict()
        self._bytes = 0
        self.counts: Counter[str] = Counter()

    def get(self, parts: Sequence[Part], external: Mapping[str, Any], *, external_first: bool) -> Merged:
        """Return the pillar of these parts in their order. Raises RenderError when it is too large."""
        key = (tuple(part.key() for part in parts), repr(external) if external else "")
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found
        self.counts["merged"] += 1
        sls = self._all(map(self._value, parts))
        whole = self._all([external, sls] if external_first else [sls, external])
        merged = finished(whole, sealed=any(part.sealed for part in parts) or holds_sealed(external))
        self._kept[key] = merged
        self._bytes += merged.size
        while self._bytes > _MAX_KEPT_BYTES and len(self._kept) > 1:
            self._bytes -= self._kept.popitem(last=False)[1].size
        return merged

    def _value(self, part: Part) -> Mapping[str, Any]:
        if not part.includes:
            return part.rendered.value
        included = [below(levels, self._value(each)) for levels, each in part.includes]
        return self._all([*included, part.rendered.value])

    def _all(self, values: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        name, lists = self._strategy
        return merge_all(values, name, merge_lists=lists)


def below(levels: Sequence[str], value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return `value` below some levels of keys."""
    for level in reversed(levels):
        value = {level: value}
    return value


def finished(value: Mapping[str, Any], *, sealed: bool) -> Merged:
    """Return `value`, which is plain, with its size. Raises RenderError when it is too large or too deep."""
    try:
        size = len(encode(replaced(value, str) if sealed else value))
    except WireError as error:
        raise RenderError(f"the pillar as a whole {error}") from None
    if size > MAX_PILLAR_BYTES:
        raise RenderError(f"the pillar as a whole has {size} bytes, more than {MAX_PILLAR_BYTES}")
    return Merged(value, size, sealed)
