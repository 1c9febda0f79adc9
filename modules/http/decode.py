"""Makes values of an answer's text: JSON, YAML or XML, none of which may grow while it is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, Literal

from shoal.errors import ModuleError

Kind = Literal["auto", "json", "yaml", "xml", "plain"]
_MAX_DEPTH: Final = 40


def kind_of(content_type: str) -> Kind:
    """Return what a Content-Type names; `plain` for anything else."""
    name = content_type.partition(";")[0].strip().lower().rpartition("/")[2]
    for kind in ("json", "yaml", "xml"):
        if kind in name.replace("+", "-").split("-"):
            return kind
    return "plain"


def decode(text: str, kind: Kind) -> Any:
    """Return the value that `text` is. Raises ModuleError for what is not of `kind`."""
    readers: dict[str, Callable[[str], Any]] = {"json": json.loads, "yaml": _yaml, "xml": _xml}
    if kind not in readers:
        return text
    try:
        value = readers[kind](text)
        if _depth(value) > _MAX_DEPTH:
            raise ValueError("it is nested too deep")
    except (ValueError, RecursionError) as error:
        said = " ".join(str(error).split())[:120]
        raise ModuleError(f"the answer is no {kind} that can be read: {said}") from None
    return value


def _yaml(text: str) -> Any:
    import yaml  # only for a YAML answer

    try:
        for event in yaml.parse(text, yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise ValueError("it has aliases, by which a small text becomes a huge value")
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None


def _xml(text: str) -> dict[str, Any]:
    """Return the children of the root by name, without attributes; several of one name become a list."""
    from xml.parsers import expat  # only for an XML answer

    tree = _Tree()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.StartElementHandler = tree.start
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(text.encode("utf-8", "replace") if "encoding=" not in text[:200] else text, True)
    except expat.ExpatError as error:
        raise ValueError(str(error)) from None
    return tree.root


def _refuse_doctype(*_: Any) -> None:
    raise ValueError("it has a document type, in which entities are defined")


class _Tree:
    """Takes the parser's events and makes the map."""

    def __init__(self) -> None:
        self._open: list[tuple[str, dict[str, Any], list[str]]] = []
        self.root: dict[str, Any] = {}

    def start(self, name: str, _attributes: Any) -> None:
        if len(self._open) >= _MAX_DEPTH:
            raise ValueError("it is nested too deep")
        self._open.append((name.rpartition("}")[2], {}, []))

    def text(self, data: str) -> None:
        self._open[-1][2].append(data)

    def end(self, _name: str) -> None:
        name, children, texts = self._open.pop()
        value: Any = children or "".join(texts).strip()
        if not self._open:
            self.root = children or {name: value}
            return
        siblings = self._open[-1][1]
        if name not in siblings:
            siblings[name] = value
        elif isinstance(siblings[name], list):
            siblings[name].append(value)
        else:
            siblings[name] = [siblings[name], value]


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level and depth <= _MAX_DEPTH:
        depth += 1
        inner: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                inner += each.values()
            elif isinstance(each, list):
                inner += each
        level = inner
    return depth
