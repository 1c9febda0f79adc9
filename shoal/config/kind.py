"""From a Node to the type that a section's annotation asks for, or a ConfigError that says all of it.

/etc/shoal/master:3: 'publish_port' must be a whole number from 1 to 65535, got 'abc'
"""

from __future__ import annotations

import types
from math import isfinite
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from shoal.config.node import BOOL, FLOAT, INT, LIST, MAP, NULL, TEXT, Node
from shoal.config.setting import Setting
from shoal.errors import ConfigError, ShoalError
from shoal.secret import Secret


def convert(node: Node, hint: Any, rules: Setting, name: str) -> Any:
    """Return the value in `node` as `hint`; messages call it `name`. Raises ConfigError."""
    hint, optional = without_none(hint)
    if node.kind == NULL and optional:
        return None
    origin = get_origin(hint)
    if origin is tuple:
        value: Any = _items(node, get_args(hint)[0], rules, name)
    elif origin is dict:
        value = _map(node, get_args(hint)[1], rules, name)
    elif hint is Any:
        return node.plain()
    else:
        value = _scalar(node, hint, rules, name)
    return value


def checked(value: Any, node: Node, rules: Setting, name: str) -> Any:
    """Return what the setting's own check makes of `value`. Raises ConfigError with file:line."""
    if rules.check is None:
        return value
    try:
        return rules.check(value)
    except (ValueError, ShoalError) as error:
        raise ConfigError(f"{node.place}: {name}: {error}") from None


def expected(hint: Any, rules: Setting) -> str:
    """Return in words what `hint` within `rules` takes, for messages and the manual."""
    hint, _ = without_none(hint)
    if get_origin(hint) is tuple:
        return f"a list of {_plural(expected(get_args(hint)[0], rules))}"
    if get_origin(hint) is dict:
        inner = get_args(hint)[1]
        return "a map" if inner is Any else f"a map of names to {_plural(expected(inner, rules))}"
    if rules.choices:
        return f"one of {', '.join(rules.choices)}"
    return _WORDS.get(hint, "a map") + _range(rules)


def without_none(hint: Any) -> tuple[Any, bool]:
    """Return `hint` without `| None`, and whether it was there."""
    if get_origin(hint) in (Union, types.UnionType):
        rest = [kind for kind in get_args(hint) if kind is not type(None)]
        return (rest[0] if len(rest) == 1 else Any), len(rest) < len(get_args(hint))
    return hint, False


_WORDS = {
    str: "text",
    Secret: "text",
    Path: "an absolute path",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    Any: "any value",
}


_PLURALS = {
    "text": "texts",
    "an absolute path": "absolute paths",
    "a whole number": "whole numbers",
    "a number": "numbers",
    "a list of ": "lists of ",
}


def _plural(words: str) -> str:
    for one, many in _PLURALS.items():
        if words.startswith(one):
            return many + words[len(one) :]
    return words


def _range(rules: Setting) -> str:
    if rules.low is not None and rules.high is not None:
        return f" from {rules.low:.15g} to {rules.high:.15g}"
    if rules.low is not None:
        return f" of at least {rules.low:.15g}"
    return f" of at most {rules.high:.15g}" if rules.high is not None else ""


def _items(node: Node, hint: Any, rules: Setting, name: str) -> tuple[Any, ...]:
    if node.kind in (NULL, MAP):
        raise _wrong(node, tuple[hint, ...], rules, name)
    if node.kind != LIST:
        return (convert(node, hint, rules, name),)
    return tuple(
        convert(item, hint, rules, f"item {number} of {name}") for number, item in enumerate(node.items, 1)
    )


def _map(node: Node, hint: Any, rules: Setting, name: str) -> dict[str, Any]:
    if node.fields is None:
        raise _wrong(node, dict[str, hint], rules, name)
    return {key: convert(item, hint, rules, f"{key!r} in {name}") for key, item in node.fields.items()}


def _scalar(node: Node, hint: Any, rules: Setting, name: str) -> Any:
    if hint is bool and node.kind == BOOL:
        return node.value
    if hint is int and node.kind == INT and _decimal_digits(node.text):
        return _in_range(node.value, node, hint, rules, name)
    if hint is float and node.kind in (INT, FLOAT) and isfinite(node.value):
        return _in_range(float(node.value), node, hint, rules, name)
    if hint in (str, Secret, Path) and node.kind in (TEXT, INT, FLOAT):
        return _text(node, hint, rules, name)
    raise _wrong(node, hint, rules, name)


def _decimal_digits(text: str) -> bool:
    """Return whether `text` means the same to everybody: not `0755`, which YAML takes for octal."""
    bare = text.lstrip("+-")
    return bare.isdigit() and (bare == "0" or bare[0] != "0")


def _in_range(value: Any, node: Node, hint: Any, rules: Setting, name: str) -> Any:
    too_low = rules.low is not None and value < rules.low
    too_high = rules.high is not None and value > rules.high
    if too_low or too_high:
        raise _wrong(node, hint, rules, name)
    return value


def _text(node: Node, hint: Any, rules: Setting, name: str) -> Any:
    if hint is Secret:
        return Secret(node.text)
    if any(ord(char) < 0x20 or ord(char) == 0x7F for char in node.text):
        raise ConfigError(f"{node.place}: {name} holds a control character or a line break")
    if rules.choices and node.text not in rules.choices:
        raise _wrong(node, hint, rules, name)
    if hint is Path:
        if not node.text.startswith("/"):
            raise _wrong(node, hint, rules, name)
        return Path(node.text)
    return node.text


def _wrong(node: Node, hint: Any, rules: Setting, name: str) -> ConfigError:
    tip = ""
    if node.kind == NULL:
        tip = ". Delete the line to have the default"
    elif node.kind == BOOL and hint is str:
        tip = f". Write {node.text!r} in quotes if that text is meant"
    return ConfigError(f"{node.place}: {name} must be {expected(hint, rules)}, got {node.shown()}{tip}")
