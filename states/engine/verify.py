"""Checks the shape of high data, declaration by declaration. Everything that is wrong is told, not only the first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from states.engine.high import High, Origin
from states.engine.keywords import ALL
from states.engine.problem import Problem


def verify(high: High) -> list[Problem]:
    """Return what is wrong with the declarations."""
    return [
        problem
        for name, body in high.declared.items()
        for problem in _declaration(name, body, high.origin(name))
    ]


def _declaration(name: Any, body: Any, origin: Origin) -> Iterator[Problem]:
    if not isinstance(name, str):
        yield origin.problem(
            f"ID {name!r} in SLS {origin.sls!r} is not a text but a {type(name).__name__}; it may need quotes",
            name,
        )
    if not isinstance(body, dict):
        yield origin.problem(
            f"ID {str(name)!r} in SLS {origin.sls!r} is not a map of states, nor a short form like pkg.installed",
            name,
        )
        return
    for state, arguments in body.items():
        if isinstance(state, str) and state.startswith("__"):
            continue
        yield from _state(name, state, arguments, origin)


def _state(name: Any, state: Any, arguments: Any, origin: Origin) -> Iterator[Problem]:
    where = f"state {str(name)!r} in SLS {origin.sls!r}"
    if arguments is None:
        yield origin.problem(
            f"{where}: {state} has a colon and no arguments; leave out the colon", name, state
        )
        return
    if not isinstance(arguments, list):
        yield origin.problem(
            f"{where} is not formed as a list: {state} takes '- argument: value' lines", name, state
        )
        return
    functions = [each for each in arguments if isinstance(each, str)]
    for argument in arguments:
        for text in _argument(argument, where):
            yield origin.problem(text, name, state)
    if not functions and state not in ALL:
        yield origin.problem(f"{where}: no function is given for {state}, as in {state}.present", name, state)
    elif len(functions) > 1:
        yield origin.problem(
            f"{where}: {state} has too many functions, choose one: {', '.join(functions)}", name, state
        )


def _argument(argument: Any, where: str) -> Iterator[str]:
    if isinstance(argument, str):
        if " " in argument.strip():
            yield f"{where}: {argument!r} is no function; does an argument lack its colon?"
        return
    if not isinstance(argument, dict):
        return
    if len(argument) != 1:
        yield f"{where}: several arguments in one item, {', '.join(map(str, argument))}: each needs a dash of its own"
    for key, value in list(argument.items())[:1]:
        if key == "names" and not isinstance(value, list):
            yield f"{where}: names is not formed as a list"
        elif key in ALL:
            yield from _requisite(key, value, where)


def _requisite(key: str, value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{where}: the {key} statement is not formed as a list"
        return
    for item in value:
        if isinstance(item, str):
            continue
        if not isinstance(item, dict) or len(item) != 1:
            yield f"{where}: {item!r} under {key} is no '- state: id'"
            continue
        ((state, wanted),) = item.items()
        if isinstance(state, str) and "." in state:
            yield (
                f"{where}: {state} under {key} has a function; requisites name the state only: "
                f"{state.partition('.')[0]}"
            )
        elif isinstance(wanted, (dict, list)):
            yield f"{where}: {wanted!r} under {key} is no id"
