"""What is known of a box when its pillar is made, and which of it a template has looked at.

A rendering depends on what it looked at and nothing else. `Inputs.token` gives a value that two boxes share if they are
the same in one such point; boxes with equal tokens for all points share a rendering (`renderings.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shoal.errors import WireError
from shoal.files.digest import Digest
from shoal.render.functions import Functions, Known, pure_functions
from shoal.render.views import Lazy, View
from shoal.targets.nodegroup import Nodegroups
from shoal.wire import encode

Point = tuple[str, "str | None"]  # which map, which key of it; None: all of the map
_SCALARS: Final = (str, int, float, bool, bytes, type(None))
_MAPS: Final = ("grains", "tags", "pillar", "opts")
_MISSING: Final = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One minion, as the master knows it. `external` is what the external sources say of it."""

    id: str
    grains: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, Any] = field(default_factory=dict)
    external: Mapping[str, Any] = field(default_factory=dict)


class Inputs:
    """A box's data for templates of one environment."""

    def __init__(self, box: Box, env: str, pillarenv: str, pillar: Mapping[str, Any]) -> None:
        self.box = box
        self._maps: dict[str, Mapping[str, Any]] = {
            "grains": {**box.grains, "id": box.id},  # an id is the key's, not the box's own word
            "tags": box.tags,
            "pillar": pillar,
            "opts": {"id": box.id, "saltenv": env, "pillarenv": pillarenv},
        }
        self._env = env
        self._pillarenv = pillarenv
        self._tokens: dict[Point, Hashable] = {}

    def token(self, point: Point) -> Hashable:
        """Return what is at `point`, as something to compare by."""
        if point not in self._tokens:
            self._tokens[point] = self._make_token(*point)
        return self._tokens[point]

    def variables(self, note: Callable[[Point], None], nodegroups: Nodegroups) -> dict[str, Any]:
        """Return a template's variables; `note` is told what it looks at."""
        views = {name: View(self._maps[name], _noting(note, name)) for name in _MAPS}

        def box_id() -> str:
            note(("opts", "id"))
            return self.box.id

        def pillarenv() -> str:
            note(("opts", "pillarenv"))
            return self._pillarenv

        functions = pure_functions(Known(id=box_id, nodegroups=nodegroups, **views))
        return {
            **views,
            "salt": Functions(functions),
            "id": Lazy(box_id),
            "minion_id": Lazy(box_id),
            "saltenv": self._env,
            "env": self._env,
            "pillarenv": Lazy(pillarenv),
        }

    def _make_token(self, name: str, key: str | None) -> Hashable:
        data = self._maps[name]
        value = data if key is None else data.get(key, _MAPS)
        if value is _MAPS:
            return (_MISSING,)
        if isinstance(value, _SCALARS):
            return type(value), value
        return name, _digest(value)


def _noting(note: Callable[[Point], None], name: str) -> Callable[[str | None], None]:
    return lambda key: note((name, key if isinstance(key, str) else None))


def _digest(value: Any) -> bytes:
    try:
        return Digest(encode(value)).final()
    except WireError:  # a sealed value in what external sources give
        return Digest(repr(value).encode()).final()
