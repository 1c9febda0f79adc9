"""Turns what a state says of others (`require_in: [service: x]`) and `use` into arguments of those it is about.

As in Salt: `x_in` names an id or a name as written, no glob; a bare id means all states of it, `sls` all states of
that file. `listen_in` is left to the end of the run (run.py). `use` copies what the user does not say itself, but no
requisites and nothing that says who a state is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from states.engine.extend import extend, named
from states.engine.high import High
from states.engine.keywords import IN, LISTEN_IN, USE
from states.engine.problem import Problem

# What `use` does not copy. That `require_any` and the like are copied is Salt's way.
_OWN: Final = frozenset(
    {"name", "names", "order", "require", "watch", "onfail", "onfail_stop", "onchanges", "prereq", USE, *IN}
)
_USE_IN: Final = f"{USE}_in"


def resolve_in(high: High) -> list[Problem]:
    """Give each state what others say of it; return what cannot be found."""
    extensions: list[tuple[Any, dict[Any, Any]]] = []
    for name, state, key, items in _said(high):
        origin = high.origin(name)
        for target, target_state in _targets(high, items):
            if target_state is None and not named(high, target, target_state):
                high.warnings.append(
                    origin.problem(f"{key} of {name!r} in SLS {origin.sls!r} finds no {target!r}", name)
                )
            elif key in (USE, _USE_IN):
                user, used = ((target, target_state), (name, state))
                if key == USE:
                    user, used = used, user
                for extension in _copied(high, user, used):
                    extensions.append((origin, extension))
            else:
                requisite = {key.removesuffix("_in"): [{state: name}]}
                extensions.append((origin, {target: {target_state: [requisite]}}))
    return extend(high, extensions)


def _said(high: High) -> Iterator[tuple[Any, Any, str, list[Any]]]:
    """Yield id, state, keyword and items of each `x_in` and `use`."""
    for name, body in high.declared.items():
        for state, arguments in body.items():
            if str(state).startswith("__"):
                continue
            for argument in arguments:
                if not isinstance(argument, dict) or len(argument) != 1:
                    continue
                ((key, value),) = argument.items()
                if (key in IN and key != LISTEN_IN) or key == USE:
                    items = (
                        [{each: wanted} for each, wanted in value.items()]
                        if isinstance(value, dict)
                        else value
                    )
                    yield name, state, key, items


def _targets(high: High, items: list[Any]) -> Iterator[tuple[Any, Any]]:
    """Yield id and state of what items name."""
    for item in items:
        if not isinstance(item, dict):
            yield from _bare(high, item) or [(item, None)]
            continue
        ((state, wanted),) = item.items()
        if state == "sls":
            yield from (
                (name, each)
                for name, body in high.declared.items()
                if body.get("__sls__") == wanted
                for each in body
                if not str(each).startswith("__")
            )
        elif state == "id":
            yield from _targets(high, [wanted])
        else:
            yield wanted, state


def _bare(high: High, item: Any) -> list[tuple[Any, Any]]:
    """Return what an item without a state means: all states of an id, else those of that name."""
    body = high.declared.get(item)
    if body is not None:
        return [(item, state) for state in body if not str(state).startswith("__")]
    return [
        (name, state)
        for name, body in high.declared.items()
        for state, arguments in body.items()
        if isinstance(arguments, list) and {"name": item} in arguments
    ]


def _copied(high: High, user: tuple[Any, Any], used: tuple[Any, Any]) -> Iterator[dict[Any, Any]]:
    """Yield extensions that give `user` the arguments of `used` that it does not have."""
    for name in named(high, *user):
        own = set(_arguments(high, name, user[1]))
        for source in named(high, *used):
            given = {
                key: value
                for key, value in _arguments(high, source, used[1]).items()
                if key not in own | _OWN
            }
            if given:
                yield {name: {user[1]: [{key: value} for key, value in given.items()]}}


def _arguments(high: High, name: Any, state: Any) -> dict[Any, Any]:
    body = high.declared[name].get(state)
    return {
        key: value
        for argument in (body if isinstance(body, list) else ())
        if isinstance(argument, dict)
        for key, value in argument.items()
    }
