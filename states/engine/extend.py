"""Lays `extend` over the declarations, and takes `exclude` out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from states.engine.high import High, Origin
from states.engine.keywords import ALL
from states.engine.problem import Problem


def extend(high: High, extends: Iterable[tuple[Origin, dict[Any, Any]]]) -> list[Problem]:
    """Lay each extension over what it extends; return what cannot be extended."""
    problems = []
    for origin, extension in extends:
        for name, body in extension.items():
            target = _target(high, name, body)
            if target is None:
                problems.append(
                    origin.problem(
                        f"cannot extend ID {str(name)!r} from SLS {origin.env}:{origin.sls}: it is not part of the "
                        "high state. Is an include missing, or the ID misspelled?",
                        "extend",
                        name,
                    )
                )
            else:
                _lay_over(high.declared[target], body)
    return problems


def exclude(high: High) -> None:
    """Take out the ids and files that are to be left out."""
    files: set[Any] = set()
    for each in high.excludes:
        if isinstance(each, dict):
            files |= {value for key, value in each.items() if key == "sls"}
            names = [value for key, value in each.items() if key == "id"]
        else:
            names = []
            files.add(each)
        for name in names:
            high.declared.pop(name, None)
    for name, body in list(high.declared.items()):
        if isinstance(body, dict) and body.get("__sls__") in files:
            del high.declared[name]


def named(high: High, name: Any, state: Any) -> list[Any]:
    """Return the ids that `name` can mean for a state: the id itself, else those with such a value in an argument."""
    if name in high.declared:
        return [name]
    found = []
    for declared, body in high.declared.items():
        arguments = body.get(state) if isinstance(body, dict) else None
        for argument in arguments if isinstance(arguments, list) else ():
            if isinstance(argument, dict) and len(argument) == 1 and next(iter(argument.values())) == name:
                found.append(declared)
    return found


def _target(high: High, name: Any, body: dict[Any, Any]) -> Any | None:
    state = next((key for key in body if not str(key).startswith("__")), None)
    declared = high.declared.get(name)
    if isinstance(declared, dict) and state in declared:
        return name
    found = [each for each in named(high, name, state) if each != name or name not in high.declared]
    return found[0] if len(found) == 1 else (name if isinstance(declared, dict) else None)


def _lay_over(body: dict[Any, Any], extension: dict[Any, Any]) -> None:
    for state, arguments in extension.items():
        if str(state).startswith("__"):
            continue
        if not isinstance(body.get(state), list) or not isinstance(arguments, list):
            body[state] = arguments
            continue
        merged = list(body[state])
        for argument in arguments:
            _merge(merged, argument)
        body[state] = merged


def _merge(arguments: list[Any], argument: Any) -> None:
    """Put one argument of an extension into a list: over its like, requisites behind theirs."""
    replaced = False
    for at, present in enumerate(arguments):
        if isinstance(argument, str) and isinstance(present, str):
            arguments[at] = argument
            replaced = True
        elif isinstance(argument, dict) and isinstance(present, dict) and argument and present:
            key, old = next(iter(argument)), next(iter(present))
            if key == old:
                both = isinstance(present[key], list) and isinstance(argument[key], list)
                arguments[at] = {key: present[key] + argument[key]} if key in ALL and both else argument
                replaced = True
            elif key == "name" and old == "names":
                arguments[at] = argument
    if not replaced:
        arguments.append(argument)
