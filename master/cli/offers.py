"""What the master's programs offer to a shell: ids from the master, names of functions and runners.

The master is asked briefly. Without one, or without leave to ask it, there are no ids, and nothing is said.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterable
from typing import Any, Final

from master.cli.client import Conversation
from master.cli.place import socket_path

_PATIENCE_S: Final = 1.0
_GLOB: Final = frozenset("*?[")


def targets(options: argparse.Namespace, begun: str) -> Iterable[str]:
    """Offer ids of minions where the target is made of them, and names of nodegroups."""
    if options.kind == "nodegroup":
        return _nodegroups(options)
    if options.kind == "list":
        others, comma, last = begun.rpartition(",")
        return [f"{others}{comma}{minion}" for minion in _minions(options, last)]
    return _minions(options, begun) if options.kind in ("glob", "compound") else ()


def keys(options: argparse.Namespace, begun: str, states: Collection[str] | None) -> Iterable[str]:
    """Offer ids that have a key in one of `states`; None for any."""
    if _GLOB & set(begun):
        return ()
    request = {"op": "key", "action": "list", "match": f"{begun}*", "state": ""}
    found = _ask(options, request).get("minions", {})
    return [minion for state in found for minion in found[state] if states is None or state in states]


def functions(options: argparse.Namespace, begun: str) -> Iterable[str]:
    """Offer names of execution functions."""
    from shoal.completion.dotted import offered  # only when a shell asks
    from shoal.completion.function_names import FUNCTIONS

    return offered(FUNCTIONS, begun)


def runners(options: argparse.Namespace, begun: str) -> Iterable[str]:
    """Offer names of runners."""
    from shoal.completion.dotted import offered  # only when a shell asks
    from shoal.completion.function_names import RUNNERS

    return offered(RUNNERS, begun)


def _minions(options: argparse.Namespace, begun: str) -> Iterable[str]:
    if _GLOB & set(begun):
        return ()
    request = {"op": "preview", "target": {"kind": "glob", "expr": f"{begun}*", "delimiter": ":"}}
    ids: list[str] = _ask(options, request).get("ids", [])
    return ids


def _nodegroups(options: argparse.Namespace) -> Iterable[str]:
    request = {"op": "runner", "fun": "config.get", "args": ["nodegroups"], "kwargs": {}, "from_text": True}
    groups: dict[str, Any] = _ask(options, request).get("value", {})
    return groups


def _ask(options: argparse.Namespace, request: dict[str, Any]) -> dict[str, Any]:
    """Return the master's answer. Raises ShoalError, which a shell never sees."""
    path, _hint = socket_path(options)
    with Conversation(path, request, patience_s=_PATIENCE_S) as talk:
        return talk.answer()
