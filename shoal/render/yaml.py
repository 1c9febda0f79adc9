"""YAML as data files need it: plain values in their order, within bounds, each error with its line.

1. At most 4 MiB, one document, nested at most 48 deep, 250,000 values after aliases: an alias is a copy and counts as
   such.
2. A key is a scalar and stands once in its map. Merge keys (`<<`) work; what is written out goes before them.
3. The only tags are YAML's own for plain values, `!sealed`, and `!aggregate` where it is asked for: nothing can build
   an object.
4. Salt's reading of scalars: `0644` is the number 644, dates stay text, `yes no on off` are booleans, `16:10` is 970.
   Not Salt's: `.nan` and `.inf` are refused, they have no form in JSON or on the wire.

Values are built from the parser's events, not by PyYAML's composer: that recurses, in C, as deep as the text says.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from copy import deepcopy
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Final, NoReturn

import yaml

from shoal.errors import RenderError
from shoal.render import aggregated as aggregate
from shoal.render import sealed
from shoal.render.sealed import MAX_SEALED, Sealed
from shoal.render.source import lines_around
from shoal.yaml_problem import explain

MAX_TEXT: Final = 4 * 1024 * 1024  # characters
MAX_DEPTH: Final = 48  # the wire carries 64, and the value lies in something
MAX_VALUES: Final = 250_000
_MAX_DIGITS: Final = 64
_TAG: Final = "tag:yaml.org,2002:"
_LINES_DEPTH: Final = 2  # keys of these levels have their line kept
_ZEROS: Final = re.compile(r"0[0-9_]*")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/=]+")
_RESOLVERS: Final = yaml.SafeLoader.yaml_implicit_resolvers
_CONSTRUCT: Final = yaml.constructor.SafeConstructor()
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's if PyYAML was built with it

Lines = dict[tuple[Any, ...], int]


@dataclass(slots=True)
class Document:
    """What a file says. `lines`: path of a key of the first levels to its line. `boxes`: the sealed values in it."""

    value: Any
    lines: Lines = field(default_factory=dict)
    boxes: tuple[str, ...] = ()


def load_yaml(text: str, file: str, *, may_seal: bool = False, may_aggregate: bool = False) -> Document:
    """Return what `text` says; None for an empty one. Raises RenderError with `file` and the line."""
    if len(text) > MAX_TEXT:
        raise RenderError(f"larger than {MAX_TEXT} characters", file=file)
    builder = _Builder(text, file, may_seal=may_seal, may_aggregate=may_aggregate)
    try:
        return builder.build()
    except yaml.YAMLError as error:
        line, problem = explain(error, text)
        raise RenderError(problem, file=file, line=line, lines=lines_around(text, line)) from None


@dataclass(slots=True)
class _Frame:
    """A map or list whose end has not come yet."""

    value: Any
    anchor: str | None
    aggregate: bool
    path: tuple[Any, ...]
    is_map: bool
    count: int = 1
    has_key: bool = False
    key: Any = None
    key_line: int = 0
    first: dict[Any, int] = field(default_factory=dict)  # key -> its line
    merges: list[dict[Any, Any]] = field(default_factory=list)


_MERGE: Final = object()
_OPEN: Final = object()


class _Builder:
    """Makes values of events."""

    def __init__(self, text: str, file: str, *, may_seal: bool, may_aggregate: bool) -> None:
        self._text = text
        self._file = file
        self._may_seal = may_seal
        self._may_aggregate = may_aggregate
        self._frames: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._total = 0
        self._lines: Lines = {}
        self._boxes: list[str] = []
        self._result: Any = None
        self._documents = 0

    def build(self) -> Document:
        loader = _LOADER(self._text)
        try:
            while loader.check_event():
                self._take(loader.get_event())
        finally:
            loader.dispose()
        return Document(self._result, self._lines, tuple(self._boxes))

    def _take(self, event: Any) -> None:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self._put(self._scalar(event), event, 1)
        elif kind is yaml.MappingStartEvent:
            self._begin(event, True)
        elif kind is yaml.SequenceStartEvent:
            self._begin(event, False)
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self._end(event)
        elif kind is yaml.AliasEvent:
            self._alias(event)
        elif kind is yaml.DocumentStartEvent:
            self._documents += 1
            if self._documents > 1:
                self._fail(event, "a second document starts here. Use one file for each")

    def _begin(self, event: Any, is_map: bool) -> None:
        if len(self._frames) >= MAX_DEPTH:
            self._fail(event, f"nested deeper than {MAX_DEPTH}")
        parent = self._frames[-1] if self._frames else None
        if parent is not None and parent.is_map and not parent.has_key:
            self._fail(
                event, "a key must be a text or number, not a map or list; are quotes missing around {{ }}?"
            )
        tag = self._collection_tag(event, "map" if is_map else "seq")
        path = () if parent is None else (*parent.path, parent.key if parent.is_map else len(parent.value))
        if event.anchor:
            self._anchors[event.anchor] = (_OPEN, 0)
        self._frames.append(_Frame({} if is_map else [], event.anchor, tag == aggregate.TAG, path, is_map))

    def _collection_tag(self, event: Any, kind: str) -> str | None:
        tag: str | None = event.tag
        if tag in (None, "!", _TAG + kind) or (tag == aggregate.TAG and self._may_aggregate):
            return tag
        return self._refuse_tag(event)

    def _end(self, event: Any) -> None:
        frame = self._frames.pop()
        value = frame.value
        for merged in frame.merges:
            for key, item in merged.items():
                value.setdefault(key, item)
        if frame.aggregate:
            value = aggregate.aggregated(value)
        if frame.anchor:
            self._anchors[frame.anchor] = (value, frame.count)
        self._attach(value, event, frame.count)

    def _alias(self, event: Any) -> None:
        value, count = self._anchors.get(event.anchor, (None, 0))
        if not count:
            why = "lies inside what it names" if value is _OPEN else "has nothing that it names"
            self._fail(event, f"the alias *{event.anchor} {why}")
        self._count(event, count)
        self._attach(deepcopy(value) if isinstance(value, (dict, list)) else value, event, count)

    def _put(self, value: Any, event: Any, count: int) -> None:
        self._count(event, count)
        if event.anchor:
            self._anchors[event.anchor] = (value, count)
        self._attach(value, event, count)

    def _count(self, event: Any, count: int) -> None:
        self._total += count
        if self._total > MAX_VALUES:
            self._fail(event, f"more than {MAX_VALUES} values; are aliases used in aliases?")

    def _attach(self, value: Any, event: Any, count: int) -> None:
        """Put a whole value where it belongs."""
        if not self._frames:
            self._result = value
            return
        frame = self._frames[-1]
        frame.count += count
        if not frame.is_map:
            frame.value.append(value)
        elif not frame.has_key:
            self._take_key(frame, value, event)
        else:
            frame.has_key = False
            if frame.key is _MERGE:
                frame.merges += self._merged(value, event)
            else:
                frame.value[frame.key] = value

    def _take_key(self, frame: _Frame, key: Any, event: Any) -> None:
        line = event.start_mark.line + 1
        if not isinstance(key, Hashable) or isinstance(key, Sealed):
            self._fail(event, "a key must be a text or number")
        if key is not _MERGE:
            if key in frame.first:
                self._fail(event, f"duplicate key {str(key)[:80]!r} (first on line {frame.first[key]})")
            frame.first[key] = line
            if len(frame.path) < _LINES_DEPTH:
                path = (*frame.path, key)
                self._lines[path] = line
        frame.has_key, frame.key, frame.key_line = True, key, line

    def _merged(self, value: Any, event: Any) -> list[dict[Any, Any]]:
        maps = value if isinstance(value, list) else [value]
        if not all(isinstance(each, dict) for each in maps):
            self._fail(event, "'<<' takes a map or a list of maps, mostly an alias: '<<: *name'")
        return maps

    # ------------------------------------------------------------------ scalars

    def _scalar(self, event: Any) -> Any:
        tag = event.tag
        if tag is None or (tag == "!" and event.implicit[0]):
            if not event.implicit[0]:
                return event.value
            tag = _resolve(event.value)
        if tag == sealed.TAG:
            return self._sealed(event)
        if tag == aggregate.TAG and self._may_aggregate:
            return aggregate.aggregated(
                self._plain(_resolve(event.value) if event.style is None else "str", event)
            )
        return self._plain(tag.removeprefix(_TAG), event)

    def _plain(self, kind: str, event: Any) -> Any:
        kind = kind.removeprefix(_TAG)
        text: str = event.value
        if kind in ("str", "timestamp", "value", "!"):
            return text
        if kind == "merge":
            return (
                _MERGE if self._frames and self._frames[-1].is_map and not self._frames[-1].has_key else text
            )
        if kind not in ("int", "float", "bool", "null", "binary"):
            self._refuse_tag(event)
        if kind == "int" and len(text) > _MAX_DIGITS:
            self._fail(event, f"a number of {len(text)} characters; put it in quotes if text is meant")
        try:
            value = _construct(kind, text)
        except (ValueError, KeyError, yaml.YAMLError):
            self._fail(event, f"{text[:40]!r} is no {_WORDS[kind]}")
        if isinstance(value, float) and not isfinite(value):
            self._fail(
                event, f"{text[:40]!r} is no number that can be kept; put it in quotes if text is meant"
            )
        return value

    def _sealed(self, event: Any) -> Sealed:
        if not self._may_seal:
            self._fail(event, f"{sealed.TAG} is for pillar files on the master")
        box = event.value.strip()
        if not _BASE64.fullmatch(box) or len(box) > MAX_SEALED:
            self._fail(event, f"{sealed.TAG} takes the text that shoal-run pillar.seal prints")
        self._boxes.append(box)
        return Sealed(box)

    def _refuse_tag(self, event: Any) -> NoReturn:
        self._fail(event, f"the tag {str(event.tag)[:80]!r} is not allowed")

    def _fail(self, event: Any, problem: str) -> NoReturn:
        line = event.start_mark.line + 1
        raise RenderError(problem, file=self._file, line=line, lines=lines_around(self._text, line))


_WORDS: Final = {
    "int": "whole number", "float": "number", "bool": "boolean", "null": "null", "binary": "base64",
}  # fmt: skip


def _resolve(text: str) -> str:
    """Return the tag of a plain scalar, as YAML 1.1 says."""
    for tag, pattern in _RESOLVERS.get(text[:1], ()):
        if pattern.match(text):
            return str(tag)
    return _TAG + "str"


def _construct(kind: str, text: str) -> Any:
    if kind == "int" and _ZEROS.fullmatch(text):
        return int(text.replace("_", ""))  # not octal: `mode: 0644` means what it looks like
    node = yaml.ScalarNode(_TAG + kind, text)
    return getattr(_CONSTRUCT, f"construct_yaml_{kind}")(node)
