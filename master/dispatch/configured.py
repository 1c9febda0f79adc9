"""`returners` in the master's configuration: names, each with a type and the options of that type.

    returners:
      hook:
        type: webhook
        url: https://collector.example.com/shoal
        secret_file: /etc/shoal/hook.secret

The type's own dataclass says which options there are; a mistake names file, line and key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from returners.contract import ReturnerOptions
from returners.directory import kind_of, types
from shoal.config.near_name import did_you_mean
from shoal.config.node import TEXT, Node
from shoal.config.read import section_from
from shoal.errors import ConfigError

RETURNERS: Final = (
    "a map of names to maps with type (jsonl, memory, sql, webhook) and its options; see returners.md"
)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")

Returners = Mapping[str, ReturnerOptions]


def read_returners(node: Node) -> dict[str, ReturnerOptions]:
    """Return the options of each returner, in their order. Raises ConfigError with file, line and key."""
    if node.fields is None:
        raise ConfigError(f"{node.place}: 'returners' must be a map of names to maps, got {node.shown()}")
    return {name: _options(name, each) for name, each in node.fields.items()}


def unknown_returner(name: str, known: Iterable[str]) -> str:
    """Return the line that says that no returner is called so."""
    names = sorted(known)
    hint = did_you_mean(name, names).strip() or (
        f"Use one of: {', '.join(names)}" if names else "The master's configuration has no returners"
    )
    return f"no returner is called {name[:64]!r}. {hint}"


def _options(name: str, node: Node) -> ReturnerOptions:
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{node.place}: {name[:64]!r} is no name for a returner: use letters, digits, _ . and -, at most 64"
        )
    given = (node.fields or {}).get("type")
    if given is None or given.kind != TEXT:
        known = ", ".join(types())
        raise ConfigError(f"{node.place}: returner {name!r} must be a map with a 'type', one of: {known}")
    try:
        options = kind_of(given.text).Options
    except ConfigError as error:
        raise ConfigError(f"{given.place}: {error}") from None
    # What it finds wrong as a whole (a key that is missing) is told with the line where it begins.
    return section_from(replace(node, file=node.place), options)
