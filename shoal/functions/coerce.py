"""Fits one value to one type: from a word of a command line, or strictly when it came typed over the API.

The type decides, never the look of the value: for `str` every text stays exactly as it is. What does not fit
raises `Mismatch` and nothing is guessed. Pure: no IO, no state.
"""

from __future__ import annotations

from pathlib import Path
from types import NoneType
from typing import Any, Final

from shoal.functions import literal
from shoal.functions.kinds import choices, is_any, item_kind, members, shown, value_kind
from shoal.functions.literal import Plain

_TRUE: Final = frozenset({"true", "yes", "on"})
_FALSE: Final = frozenset({"false", "no", "off"})
_NONE: Final = frozenset({"null", "none"})
_HINTS: Final = {
    bool: "true or false (also yes/no, on/off)",
    int: "a whole number",
    float: "a number",
    Path: "a path",
    NoneType: "null",
}


class Mismatch(ValueError):
    """A value does not fit; the text says what is wanted, as in `a whole number`."""


def wanted(kind: Any) -> str:
    """Return in words what fits `kind`."""
    if kind in _HINTS:
        return _HINTS[kind]
    if choices(kind):
        return f"one of {', '.join(map(str, choices(kind)))}"
    return shown(kind)


def from_text(text: str, kind: Any) -> Any:
    """Return `text`, typed by an operator, as a value of type `kind`. Raises Mismatch."""
    if kind is str:
        return str(text)
    if is_any(kind):
        return _any_from_text(text)
    if members(kind):
        return _union_from_text(text, kind)
    if item_kind(kind) is not None or value_kind(kind) is not None:
        return _container_from_text(text, kind)
    return _scalar_from_text(text, kind)


def from_value(value: Any, kind: Any) -> Any:
    """Return `value`, which came with a type of its own, if it fits `kind`. Raises Mismatch.

    Nothing is converted but an int to a wanted float and text to a wanted path.
    """
    if is_any(kind):
        return value
    for member in members(kind):
        try:
            return from_value(value, member)
        except Mismatch:
            continue
    if isinstance(value, (list, tuple)) and (item := item_kind(kind)) is not None:
        return [from_value(each, item) for each in value]
    if isinstance(value, dict) and (inner := value_kind(kind)) is not None:
        return {_key(key): from_value(each, inner) for key, each in value.items()}
    if kind is Path and isinstance(value, str):
        return _path(value)
    if kind is float and type(value) is int:
        return float(value)
    fits = any(type(value) is type(c) and value == c for c in choices(kind)) or type(value) is kind
    if not fits:
        raise Mismatch(wanted(kind))
    return value


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise Mismatch("a map whose keys are text")
    return key


def _any_from_text(text: str) -> Any:
    if literal.looks_like_container(text):
        try:
            return _from_tree(literal.read_json(text), Any)
        except ValueError:
            return text
    return literal.scalar(text)


def _union_from_text(text: str, kind: Any) -> Any:
    parts = members(kind)
    if NoneType in parts and str not in parts and text.lower() in _NONE:
        return None
    found = _argv(text, parts)
    if found is not None:
        return found
    for member in parts:
        if member is not NoneType:
            try:
                return from_text(text, member)
            except Mismatch:
                continue
    raise Mismatch(wanted(kind))


def _argv(text: str, parts: tuple[Any, ...]) -> list[Any] | None:
    """Return the JSON list of quoted texts that `text` is, where both text and such a list will do.

    `["df", "/"]` cannot be meant as a shell line; `[ "$x" ]`, with a space, can. Anything less plain stays text.
    """
    lists = [part for part in parts if item_kind(part) is str]
    if str not in parts or not lists or not text.startswith('["'):
        return None
    try:
        return list(from_value(literal.read_json(text), lists[0]))
    except (ValueError, Mismatch):
        return None


def _container_from_text(text: str, kind: Any) -> Any:
    if literal.looks_like_container(text):
        try:
            tree = literal.read_container(text)
        except ValueError as error:
            raise Mismatch(f"{wanted(kind)} ({error})") from None
        return _from_tree(tree, kind)
    item = item_kind(kind)
    if item in (str, int, float, Path):  # `a,b`
        return [from_text(part.strip(), item) for part in text.split(",") if part.strip()]
    example = '[1, "two"]' if item is not None else "{key: value}"
    raise Mismatch(f"{wanted(kind)}, e.g. {example}")


def _from_tree(node: Any, kind: Any) -> Any:
    """Return what `literal` read, each unquoted leaf typed by its place in `kind`."""
    if node is None or isinstance(node, bool):
        node = Plain({None: "null", True: "true", False: "false"}[node])
    if isinstance(node, Plain):
        return _leaf(str(node), kind)
    if isinstance(node, str):
        return from_value(node, kind)
    for member in members(kind):
        try:
            return _from_tree(node, member)
        except Mismatch:
            continue
    inner = _inner_kind(node, kind)
    if isinstance(node, list):
        return [_from_tree(item, inner) for item in node]
    return {key: _from_tree(item, inner) for key, item in node.items()}


def _leaf(text: str, kind: Any) -> Any:
    if item_kind(kind) is not None or value_kind(kind) is not None:
        raise Mismatch(wanted(kind))
    return from_text(text, kind)


def _inner_kind(node: Any, kind: Any) -> Any:
    inner = Any if is_any(kind) else item_kind(kind) if isinstance(node, list) else value_kind(kind)
    if inner is None:
        raise Mismatch(wanted(kind))
    return inner


def _scalar_from_text(text: str, kind: Any) -> Any:
    value: Any = None
    if kind is bool:
        word = text.lower()
        value = True if word in _TRUE else False if word in _FALSE else None
    elif kind is int:
        value = literal.integer(text)
    elif kind is float:
        value = literal.number(text)
    elif kind is Path:
        value = _path(text)
    elif kind is NoneType:
        if text.lower() in _NONE:
            return None
    else:
        value = _choice(text, kind)
    if value is None:
        raise Mismatch(wanted(kind))
    return value


def _choice(text: str, kind: Any) -> Any:
    for option in choices(kind):
        if text == option or (not isinstance(option, str) and text.lower() == str(option).lower()):
            return option
    return None


def _path(text: str) -> Path:
    if not text or "\0" in text:
        raise Mismatch(wanted(Path))
    return Path(text)
