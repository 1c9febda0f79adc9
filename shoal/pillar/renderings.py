"""Each file rendered once for all boxes for which it comes out the same.

For a file there is a list of point sets: what some rendering of it looked at (grains, tags, files it includes). A box
whose tokens for such a set are known has its rendering already. All of it goes when the file changes; a file that it
includes is a point like a grain. A rendering that used chance or the time of day is not kept.

The same text, however it came about, is parsed once: renderings of equal text are one object with one `serial`.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shoal.errors import RenderError
from shoal.files.digest import Digest
from shoal.pillar.inputs import Inputs, Point
from shoal.pillar.plain import plain
from shoal.pillar.tree import PillarTree
from shoal.render.names import place_variables
from shoal.render.renderer import Renderer
from shoal.render.rendering import rendering
from shoal.render.sealed import TAG
from shoal.render.source import Source
from shoal.render.text_formats import check_boxes
from shoal.render.yaml import Document
from shoal.targets.nodegroup import Nodegroups

_MAX_COST: Final = 64 * 1024 * 1024  # characters of rendered text, times what values take more than text
_COST_FACTOR: Final = 4
_COST_BASE: Final = 500
_MAX_POINT_SETS: Final = 64  # of one file
_MAX_POINTS: Final = 2000
_WINDOW: Final = 8  # characters of a sealed value that no grain has by chance

FILE: Final = "file"
Points = tuple[Point, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Rendered:
    """What a file says for some boxes. Equal serial, equal content. `value`: its data as it travels, no `include`."""

    serial: int
    source: Source
    document: Document
    value: Mapping[str, Any]


@dataclass(slots=True)
class _Known:
    source_key: bytes
    sets: dict[Points, dict[tuple[Hashable, ...], Rendered]] = field(default_factory=dict)
    by_text: dict[bytes, Rendered] = field(default_factory=dict)


class Renderings:
    """See the module docstring. Not for several threads at once."""

    def __init__(self, tree: PillarTree, nodegroups: Nodegroups) -> None:
        self._tree = tree
        self._nodegroups = nodegroups
        self._renderers: dict[str, Renderer] = {}
        self._known: OrderedDict[tuple[str, str, bytes], _Known] = OrderedDict()
        self._costs: dict[tuple[str, str, bytes], int] = {}
        self._cost = 0  # their sum
        self._serial = 0
        self.counts: Counter[str] = Counter()

    def get(
        self, env: str, source: Source, sls: str, inputs: Inputs, extra: Mapping[str, Any], extra_key: bytes
    ) -> Rendered:
        """Return `source` as it is for a box. `extra` are more variables, `extra_key` tells them from others.

        Raises:
            RenderError: it cannot be rendered.
        """
        key = env, source.name, extra_key
        known = self._known.get(key)
        if known is None or known.source_key != source.key:
            known = self._known[key] = _Known(source.key)
            self._known.move_to_end(key)
            self._set_cost(key, _COST_BASE)
        self._known.move_to_end(key)
        for points, results in known.sets.items():
            found = results.get(tuple([self._token(env, point, inputs) for point in points]))
            if found is not None:
                self.counts["shared"] += 1
                return found
        return self._render(key, known, env, source, sls, inputs, extra)

    def _token(self, env: str, point: Point, inputs: Inputs) -> Hashable:
        if point[0] != FILE:
            return inputs.token(point)
        source = self._tree.find(env, str(point[1]))
        return source.key if source is not None else None

    def _render(
        self,
        key: tuple[str, str, bytes],
        known: _Known,
        env: str,
        source: Source,
        sls: str,
        inputs: Inputs,
        extra: Mapping[str, Any],
    ) -> Rendered:
        points: dict[Point, None] = {}
        variables = {
            **inputs.variables(points.setdefault, self._nodegroups),
            **place_variables(source.name, source.path, sls),
            **extra,
        }
        renderer = self._renderer(env)
        with rendering() as going:
            self.counts["rendered"] += 1
            text = renderer.text(source, variables)
            keep = not going.volatile and len(points) <= _MAX_POINTS
            rendered = self._parsed(known, renderer, source, text, keep)
            _check_not_from_grains(rendered, inputs)
            files = {(FILE, name): None for name in going.sources if name != source.name}
        if keep:
            self._keep(key, known, env, (*points, *files), inputs, rendered, len(text))
        return rendered

    def _parsed(self, known: _Known, renderer: Renderer, source: Source, text: str, keep: bool) -> Rendered:
        digest = Digest(text.encode("utf-8", "surrogatepass")).final()
        rendered = known.by_text.get(digest)
        if rendered is None:
            self.counts["parsed"] += 1
            self._serial += 1
            rendered = _rendered(self._serial, source, renderer.parse(source, text))
            if keep:
                known.by_text[digest] = rendered
        elif rendered.document.boxes:
            check_boxes(rendered.document, source.path)  # the same text may have come about another way
        return rendered

    def _keep(
        self,
        key: tuple[str, str, bytes],
        known: _Known,
        env: str,
        points: Points,
        inputs: Inputs,
        rendered: Rendered,
        size: int,
    ) -> None:
        if points not in known.sets and len(known.sets) >= _MAX_POINT_SETS:
            known.sets.clear()
        tokens = tuple([self._token(env, point, inputs) for point in points])
        known.sets.setdefault(points, {})[tokens] = rendered
        self._set_cost(key, self._costs[key] + _COST_BASE + _COST_FACTOR * size)
        if self._cost > _MAX_COST:  # this file alone
            known.sets.clear()
            known.by_text.clear()
            self._set_cost(key, _COST_BASE)

    def _set_cost(self, key: tuple[str, str, bytes], cost: int) -> None:
        """Note what a file's renderings cost, and drop those of files that were not asked for the longest."""
        self._cost += cost - self._costs.get(key, 0)
        self._costs[key] = cost
        while self._cost > _MAX_COST and len(self._known) > 1:
            oldest, _ = self._known.popitem(last=False)
            self._cost -= self._costs.pop(oldest)

    def _renderer(self, env: str) -> Renderer:
        if env not in self._renderers:
            self._renderers[env] = Renderer(_finder(self._tree, env), may_seal=True)
        return self._renderers[env]


def _rendered(serial: int, source: Source, document: Document) -> Rendered:
    value = document.value
    if not isinstance(value, dict):
        kind = type(value).__name__
        raise RenderError(f"a file of pillar must make a map, and this one makes a {kind}", file=source.path)
    try:
        own = plain({key: item for key, item in value.items() if key != "include"})
    except RenderError as error:
        raise RenderError(error.problem, file=source.path) from None
    return Rendered(serial, source, document, own)


def _finder(tree: PillarTree, env: str) -> Callable[[str], Source | None]:
    return lambda name: tree.find(env, name)


def _check_not_from_grains(rendered: Rendered, inputs: Inputs) -> None:
    """Refuse a sealed value that the box itself has brought in, in a grain that a template shows.

    That it stands in a file of the rendering is checked already; but it may stand there for another box.
    """
    if not rendered.document.boxes:
        return
    grains = repr(inputs.box.grains)
    for box in rendered.document.boxes:
        if any(box[at : at + _WINDOW] in grains for at in range(0, len(box) - _WINDOW, 4)):
            raise RenderError(f"a {TAG} value is in the grains of {inputs.box.id}", file=rendered.source.path)
