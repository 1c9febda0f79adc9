"""Reads lists, maps and scalars that an operator typed: JSON first, else YAML's `{k: v}` and `[a, b]`.

Rules, because YAML 1.1 turned `16:10` into 970, `yes` into true and `0755` into 493 for too many people:

1. `read_container` keeps what was not quoted as `Plain`, untouched; the parameter's type decides later.
2. `scalar` is for parameters of any type: JSON's `null`, `true`, `false` and numbers (also `True`, `False` as
   in YAML 1.2's core schema), a quoted JSON string; everything else stays text.
3. No tags, anchors or aliases, no duplicate keys, at most `MAX_DEPTH` levels, no number the wire refuses.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final

MAX_DEPTH: Final = 50
_JSON_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)|0x[0-9a-fA-F]+|0o[0-7]+")
_NUMBER: Final = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_CONSTANTS: Final[dict[str, Any]] = {
    **dict.fromkeys(("null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class Plain(str):
    """A scalar that was not quoted, exactly as typed."""

    __slots__ = ()


def looks_like_container(text: str) -> bool:
    """Say whether `text` is bracketed as a list or map."""
    text = text.strip()
    return text[:1] + text[-1:] in ("[]", "{}")


def integer(text: str) -> int | None:
    """Return the 64-bit int that `text` spells (`5`, `0x1f`, `0o755`; not `0755`: ambiguous), or None."""
    if len(text) > 24 or not _INTEGER.fullmatch(text):
        return None
    number = int(text, 0)
    return number if -(2**63) <= number < 2**64 else None


def number(text: str) -> float | None:
    """Return the finite float that `text` spells, or None."""
    if len(text) > 400 or not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def scalar(text: str) -> Any:
    """Return the JSON scalar that `text` spells, or `text` itself."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if match := _JSON_NUMBER.fullmatch(text):
        found = number(text) if match[2] or match[3] else integer(text)
        return text if found is None else found
    if text[:1] + text[-1:] == '""':
        try:
            return str(json.loads(text))
        except ValueError:
            return text
    return text


def read_json(text: str) -> Any:
    """Return a JSON list or map with `Plain` leaves. Raises ValueError."""
    try:
        value = json.loads(
            text, parse_int=Plain, parse_float=Plain, parse_constant=Plain, object_pairs_hook=_unique
        )
    except RecursionError:
        raise ValueError("nested too deep") from None
    _check_depth(value, MAX_DEPTH)
    return value


def read_container(text: str) -> Any:
    """Return a JSON or YAML-flow list or map with `Plain` leaves. Raises ValueError, its text says why."""
    try:
        return read_json(text)
    except json.JSONDecodeError:
        return _read_flow(text)


def _check_depth(node: Any, left: int) -> None:
    if left == 0:
        raise ValueError("nested too deep")
    for item in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _check_depth(item, left - 1)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key is given twice")
    return result


def _read_flow(text: str) -> Any:
    import yaml  # 1 MB, and only when what was typed is not JSON

    try:
        events = yaml.parse(text, Loader=yaml.SafeLoader)
        content = (event for event in events if not isinstance(event, yaml.StreamStartEvent))
        next(content)  # document start
        value = _node(content, next(content), MAX_DEPTH)
        next(content)  # document end
        if not isinstance(next(content), yaml.StreamEndEvent):
            raise ValueError("more than one document")
    except yaml.YAMLError as error:
        raise ValueError(str(getattr(error, "problem", "") or "not readable")) from None
    return value


def _node(events: Iterator[Any], event: Any, depth: int) -> Any:
    from yaml import events as kinds  # loaded by the caller already

    if isinstance(event, kinds.AliasEvent) or event.anchor or getattr(event, "tag", None):
        raise ValueError("tags, anchors and aliases are not allowed")
    if depth == 0:
        raise ValueError("nested too deep")
    if isinstance(event, kinds.ScalarEvent):
        return Plain(event.value) if event.style is None else event.value
    if isinstance(event, kinds.SequenceStartEvent):
        return [_node(events, item, depth - 1) for item in _until(events, kinds.SequenceEndEvent)]
    return _unique([_pair(events, key, depth) for key in _until(events, kinds.MappingEndEvent)])


def _pair(events: Iterator[Any], key_event: Any, depth: int) -> tuple[str, Any]:
    key = _node(events, key_event, depth - 1)
    if not isinstance(key, str):
        raise ValueError("a key must be text")
    value = _node(events, next(events), depth - 1)
    if isinstance(value, Plain) and value == "":
        raise ValueError(f"{str(key)!r} has no value; write a space after the colon: {{key: value}}")
    return str(key), value


def _until(events: Iterator[Any], end: type) -> Iterator[Any]:
    for event in events:
        if isinstance(event, end):
            return
        yield event
