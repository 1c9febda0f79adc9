"""Reads one YAML file into `Node`s that know their line.

YAML as configuration needs it, and no more:

1. At most 1 MiB, UTF-8, one document, a map; nested at most 32 deep, 50,000 values after aliases.
2. Keys are text and stand once in their map. No merge keys, no tags: nothing can build an object.
3. `yes no on off true false` are booleans as in Salt; `16:10` and `2026-01-31` stay text; `0755` is refused
   where a number is expected.
4. A file that anybody may write to is refused: it decides what root runs.

Every refusal is a ConfigError of one line with file:line.
"""

from __future__ import annotations

import os
import stat
from math import isfinite
from pathlib import Path
from typing import Any, Final

import yaml

from shoal.config.node import BOOL, FLOAT, INT, LIST, MAP, NULL, TEXT, Node
from shoal.errors import ConfigError
from shoal.yaml_problem import explain

MAX_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 32
MAX_VALUES: Final = 50_000

_TAG: Final = "tag:yaml.org,2002:"
_SCALARS: Final = {"null": NULL, "bool": BOOL, "int": INT, "float": FLOAT}
_TRUE: Final = frozenset({"yes", "true", "on"})


class _Loader(yaml.SafeLoader):
    """Composes nodes; never constructs. Stops at MAX_DEPTH, before Python's own stack does."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise yaml.MarkedYAMLError(
                problem=f"nested deeper than {MAX_DEPTH}", problem_mark=self.get_mark()
            )
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def read_yaml(path: Path) -> Node:
    """Return the map in the file at `path`; an empty file is an empty map. Raises ConfigError."""
    return parse_yaml(_read(path), str(path))


def parse_yaml(data: bytes, file: str) -> Node:
    """Return the map in `data`, which came from `file`. Raises ConfigError."""
    top = _compose(_decode(data, file), file)
    if top is None:
        return Node(file=file, line=1, kind=MAP, fields={})
    node = _Converter(file).convert(top, 0)
    if node.kind == NULL:
        return Node(file=file, line=1, kind=MAP, fields={})
    if node.kind != MAP:
        raise ConfigError(f"{node.place}: 'key: value' lines expected, got {node.shown()}")
    return node


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ConfigError(f"{path}: not a file")
            if status.st_mode & stat.S_IWOTH:
                raise ConfigError(f"{path}: anybody may write to it. Run: chmod o-w {path}")
            data = file.read(MAX_BYTES + 1)
    except IsADirectoryError:
        raise ConfigError(f"{path}: a folder, not a file") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{path}: larger than {MAX_BYTES} bytes")
    return data


def _decode(data: bytes, file: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{file}:{line}: not UTF-8 (byte 0x{data[error.start]:02x})") from None


def _compose(text: str, file: str) -> yaml.Node | None:
    try:
        loader = _Loader(text)
        try:
            return loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        line, problem = explain(error, text)
        raise ConfigError(f"{file}:{line}: {problem}") from None


class _Converter:
    """Turns yaml's nodes into ours, counting, because aliases can make a small file very large."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._count = 0

    def convert(self, node: yaml.Node, depth: int, line: int = 0) -> Node:
        line = line or self._line(node)
        self._count += 1
        if depth > MAX_DEPTH:
            raise self._error(line, f"nested deeper than {MAX_DEPTH}")
        if self._count > MAX_VALUES:
            raise self._error(line, f"more than {MAX_VALUES} values; are aliases used in aliases?")
        kind = node.tag.removeprefix(_TAG)
        if isinstance(node, yaml.MappingNode) and kind == "map":
            fields = self._fields(node, depth + 1)
            return Node(file=self._file, line=line, kind=MAP, fields=fields)
        if isinstance(node, yaml.SequenceNode) and kind == "seq":
            items = tuple(self.convert(item, depth + 1) for item in node.value)
            return Node(file=self._file, line=line, kind=LIST, items=items)
        if isinstance(node, yaml.ScalarNode) and (kind in _SCALARS or kind in ("str", "timestamp", "value")):
            found, value = _scalar(kind, node.value)
            return Node(file=self._file, line=line, kind=found, text=node.value, value=value)
        raise self._error(line, f"the tag {node.tag!r} is not allowed here")

    def _fields(self, node: yaml.MappingNode, depth: int) -> dict[str, Node]:
        fields: dict[str, Node] = {}
        for key_node, value_node in node.value:
            line = self._line(key_node)
            if key_node.tag == _TAG + "merge":
                raise self._error(line, "merge keys ('<<') are not supported. Write the keys out")
            if not isinstance(key_node, yaml.ScalarNode) or not key_node.value:
                raise self._error(line, "a key must be text")
            name = key_node.value
            if name in fields:
                first = fields[name].line
                raise self._error(line, f"key {name!r} is given twice (first on line {first})")
            fields[name] = self.convert(value_node, depth, line)
        return fields

    def _line(self, node: yaml.Node) -> int:
        return int(node.start_mark.line) + 1

    def _error(self, line: int, text: str) -> ConfigError:
        return ConfigError(f"{self._file}:{line}: {text}")


def _scalar(kind: str, text: str) -> tuple[str, Any]:
    """Return the kind and value of a scalar; what only YAML 1.1 takes for a number stays text."""
    if kind == "bool":
        return BOOL, text.lower() in _TRUE
    if kind == "null":
        return NULL, None
    if kind in ("int", "float") and ":" not in text:
        try:
            return (INT, _whole(text)) if kind == "int" else (FLOAT, _decimal(text))
        except ValueError:
            pass  # `0x_`, `.inf`: text, which is refused where a number is expected
    return TEXT, text


def _whole(text: str) -> int:
    """Return a whole number as YAML 1.1 reads it: a leading 0 means octal."""
    digits = text.replace("_", "")
    bare = digits.lstrip("+-")
    octal = len(bare) > 1 and bare[0] == "0" and bare.isdigit()
    return int(digits, 8 if octal else 0)


def _decimal(text: str) -> float:
    value = float(text.replace("_", ""))
    if not isfinite(value):
        raise ValueError(text)
    return value
