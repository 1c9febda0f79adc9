"""Finds the class of a returner by its type: our own, or one that a package installed beside Shoal offers.

Such a package names its class in the entry point group `shoal.returners`; our own names cannot be taken over.
"""

from __future__ import annotations

import importlib
from importlib.metadata import EntryPoint, entry_points
from typing import Final, cast

from returners.contract import ReturnerKind, ReturnerOptions
from shoal.config.near_name import did_you_mean
from shoal.errors import ConfigError

GROUP: Final = "shoal.returners"
_OWN: Final = {  # loaded when one is configured: SQLAlchemy and TLS are not small
    "jsonl": "returners.jsonl:JsonlReturner",
    "memory": "returners.memory:MemoryReturner",
    "sql": "returners.sql:SqlReturner",
    "webhook": "returners.webhook:WebhookReturner",
}


def types() -> list[str]:
    """Return all types there are, sorted."""
    return sorted({*_OWN, *(each.name for each in entry_points(group=GROUP))})


def kind_of(name: str) -> ReturnerKind:
    """Return the class of type `name`. Raises ConfigError with the near type, or when it cannot be used."""
    if name in _OWN:
        module, _, attribute = _OWN[name].partition(":")
        return cast(ReturnerKind, getattr(importlib.import_module(module), attribute))
    found = [each for each in entry_points(group=GROUP) if each.name == name]
    if not found:
        hint = did_you_mean(name, types()) or f" Use one of: {', '.join(types())}"
        raise ConfigError(f"unknown type of returner {name[:40]!r}.{hint}")
    return _loaded(found[0])


def _loaded(entry: EntryPoint) -> ReturnerKind:
    try:
        kind = entry.load()
    except Exception as error:  # whatever a stranger's module raises while it is imported
        raise ConfigError(
            f"the returner {entry.value} cannot be loaded: {type(error).__name__}: {error}"
        ) from None
    options = getattr(kind, "Options", None)
    if not (isinstance(options, type) and issubclass(options, ReturnerOptions)):
        raise ConfigError(f"the returner {entry.value} has no class Options that extends ReturnerOptions")
    return cast(ReturnerKind, kind)
