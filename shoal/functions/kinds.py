"""The types a parameter may have, and how they are written for an operator.

`str int float bool None Any Path`, `Literal[...]`, `list[T]`, `dict[str, T]` (also as Sequence and Mapping)
and unions of these. Anything else is the author's error, found when the signature is read and by a test.
"""

from __future__ import annotations

import collections.abc
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

_SIMPLE: Final = {str: "str", int: "int", float: "float", bool: "bool", NoneType: "None", Path: "path"}
_LISTS: Final = (list, collections.abc.Sequence)
_DICTS: Final = (dict, collections.abc.Mapping)


def is_any(kind: Any) -> bool:
    """Say whether any value will do."""
    return kind is Any or kind is object


def members(kind: Any) -> tuple[Any, ...]:
    """Return the members of a union, or () for anything else."""
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else ()


def choices(kind: Any) -> tuple[Any, ...]:
    """Return the values of a Literal, or ()."""
    return get_args(kind) if get_origin(kind) is Literal else ()


def item_kind(kind: Any) -> Any:
    """Return T of `list[T]` (Any for a bare list), or None if `kind` is not a list."""
    if kind in _LISTS:
        return Any
    return get_args(kind)[0] if get_origin(kind) in _LISTS else None


def value_kind(kind: Any) -> Any:
    """Return T of `dict[str, T]` (Any for a bare dict), or None if `kind` is not a dict."""
    if kind in _DICTS:
        return Any
    return get_args(kind)[1] if get_origin(kind) in _DICTS else None


def check(kind: Any) -> None:
    """Raise TypeError unless `kind` is a type that arguments can be fitted to."""
    if is_any(kind) or kind in _SIMPLE or choices(kind):
        return
    if inner := members(kind):
        for member in inner:
            check(member)
    elif (item := item_kind(kind)) is not None:
        check(item)
    elif (value := value_kind(kind)) is not None:
        check(value)
        if get_args(kind)[:1] not in ((), (str,)):
            raise TypeError(f"a dict's keys must be str, not {shown(get_args(kind)[0])}")
    else:
        raise TypeError(f"type {kind!r} cannot be given on a command line or over the wire")


def shown(kind: Any) -> str:
    """Return `kind` as an operator reads it: `list[str]`, `'a' | 'b'`, `int | None`."""
    if is_any(kind):
        return "any"
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if options := choices(kind):
        return " | ".join(repr(option) for option in options)
    if inner := members(kind):
        return " | ".join(shown(member) for member in inner)
    if (item := item_kind(kind)) is not None:
        return "list" if is_any(item) else f"list[{shown(item)}]"
    if (value := value_kind(kind)) is not None:
        return "dict" if is_any(value) else f"dict[str, {shown(value)}]"
    return getattr(kind, "__name__", str(kind))
