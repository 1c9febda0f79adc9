"""Keys that master and minion both have: `file_roots`, `pillar_roots`, `nodegroups`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from shoal.config.kind import convert
from shoal.config.node import LIST, Node
from shoal.config.setting import Setting
from shoal.errors import ConfigError

Roots = dict[str, tuple[Path, ...]]
Nodegroups = dict[str, "str | tuple[str, ...]"]

NODEGROUPS: Final = "a map of names to text or lists of texts"  # for the manual
_ENVIRONMENT: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_GROUP: Final = re.compile(r"[^\s@()]{1,128}")
_PLAIN: Final = Setting(doc="")


def read_file_roots(node: Node) -> Roots:
    """Return environment -> folders. Raises ConfigError."""
    return _roots(node, "'file_roots'")


def read_pillar_roots(node: Node) -> Roots:
    """Return environment -> folders. Raises ConfigError."""
    return _roots(node, "'pillar_roots'")


def read_nodegroups(node: Node) -> Nodegroups:
    """Return group -> expression or words. Raises ConfigError for what can be no group at all.

    Expressions are compiled when they are used: one broken group must not keep a daemon from starting.
    """
    name = "'nodegroups'"
    if node.fields is None:
        raise ConfigError(f"{node.place}: {name} must be a map of names to expressions, got {node.shown()}")
    found: Nodegroups = {}
    for group, given in node.fields.items():
        where = f"{group!r} in {name}"
        if not _GROUP.fullmatch(group):
            raise ConfigError(f"{given.place}: {where}: a name has no blanks, '@' or parentheses")
        value = convert(given, tuple[str, ...] if given.kind == LIST else str, _PLAIN, where)
        if not value or not all(value):
            raise ConfigError(f"{given.place}: {where} is empty")
        found[group] = value
    return found


def _roots(node: Node, name: str) -> Roots:
    if node.fields is None:
        raise ConfigError(
            f"{node.place}: {name} must be a map, e.g. {{base: [/srv/salt]}}, got {node.shown()}"
        )
    found: Roots = {}
    for environment, given in node.fields.items():
        if not _ENVIRONMENT.fullmatch(environment):
            raise ConfigError(f"{given.place}: {name}: {environment!r} is no name for an environment")
        found[environment] = convert(given, tuple[Path, ...], _PLAIN, f"{environment!r} in {name}")
    return found
