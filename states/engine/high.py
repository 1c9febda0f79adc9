"""High data: what the SLS files of a run declare, together, in Salt's shape. Here one file's data is taken into it.

    {id: {"__sls__": sls, "__env__": env, state: [function, {argument: value}, …]}}

The short forms (`id: state.function`, `state.function:` with or without arguments) are spelled out. `extend` and
`exclude` are put aside in `High.extends` and `High.excludes`, to be done when all files are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from states.engine.problem import Problem

FIRST_ORDER: Final = 10_000  # states get numbers from here on, in the order in which files are read


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The file that something stands in. `lines` are those of its ids and of their states."""

    sls: str
    env: str
    file: str = ""
    lines: Mapping[tuple[Any, ...], int] = field(default_factory=dict)

    def problem(self, text: str, *path: object) -> Problem:
        """Return a problem with the line of `path`, or of the nearest thing around it."""
        nearest = (self._line(path[:length]) for length in range(len(path), 0, -1))
        return Problem(text=text, file=self.file, line=next(filter(None, nearest), 0))

    def _line(self, path: tuple[object, ...]) -> int:
        """Return the line of an id, or of a state of it, which may be written with its function."""
        line = self.lines.get(path, 0)
        if line or len(path) != 2:
            return line
        begins = f"{path[1]}."
        return next(
            (
                number
                for (name, *key), number in self.lines.items()
                if name == path[0] and key and str(key[0]).startswith(begins)
            ),
            0,
        )


@dataclass(slots=True)
class High:
    """The declarations of a run, and what is wrong with them so far."""

    declared: dict[Any, Any] = field(default_factory=dict)
    origins: dict[Any, Origin] = field(default_factory=dict)  # by id
    extends: list[tuple[Origin, dict[Any, Any]]] = field(default_factory=list)
    excludes: list[Any] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)  # what Salt lets pass without a word
    _order: int = FIRST_ORDER

    def take(self, data: dict[Any, Any], origin: Origin) -> None:
        """Take in what one file says, `include` aside."""
        data = dict(data)
        extend, exclude = data.pop("extend", None), data.pop("exclude", None)
        if extend is not None:
            self._take_extend(extend, origin)
        if exclude is not None:
            self._take_exclude(exclude, origin)
        for name, body in data.items():
            known = self.origins.get(name)
            if known is not None:
                self.problems.append(
                    origin.problem(
                        f"conflicting ID {str(name)!r}: it is declared in SLS {known.env}:{known.sls} and in SLS "
                        f"{origin.env}:{origin.sls}; an ID can be declared once only",
                        name,
                    )
                )
                continue
            self.origins[name] = origin
            self.declared[name] = self._declaration(name, body, origin)

    def arrange(self, names: Iterable[Any]) -> None:
        """Put the declarations in the order of `names`; it decides between requisites of equal place, see graph.py."""
        self.declared = {name: self.declared[name] for name in names if name in self.declared}

    def origin(self, name: object) -> Origin:
        """Return where an id is declared."""
        return self.origins.get(name, _NOWHERE)

    def _declaration(self, name: object, body: Any, origin: Origin) -> Any:
        if isinstance(body, str) and "." in body:
            body = {body: []}
        if not isinstance(body, dict):
            return body  # `verify` tells
        spelled = self._spelled(name, body, origin)
        for state, arguments in spelled.items():
            if isinstance(arguments, list) and not has_argument(arguments, "order"):
                spelled[state] = [*arguments, {"order": self._order}]
                self._order += 1
        return {"__sls__": origin.sls, "__env__": origin.env, **spelled}

    def _spelled(self, name: object, body: Mapping[Any, Any], origin: Origin) -> dict[Any, Any]:
        """Return a declaration with `state.function` taken apart."""
        spelled: dict[Any, Any] = {}
        for key, arguments in body.items():
            state, dot, function = str(key).partition(".") if isinstance(key, str) else (key, "", "")
            if not dot or not isinstance(arguments, list):
                function = ""
                state = key
            if state in spelled:
                self.problems.append(
                    origin.problem(
                        f"ID {str(name)!r} in SLS {origin.sls!r} has two declarations of the state {state!r}",
                        name,
                        key,
                    )
                )
                continue
            spelled[state] = [*arguments, function] if function else arguments
        return spelled

    def _take_extend(self, extend: Any, origin: Origin) -> None:
        if not isinstance(extend, dict):
            self.problems.append(
                origin.problem(f"the extend declaration in SLS {origin.sls!r} is not a map", "extend")
            )
            return
        for name, body in extend.items():
            if not isinstance(body, dict):
                self.problems.append(
                    origin.problem(
                        f"extend of {str(name)!r} in SLS {origin.sls!r} is not a map", "extend", name
                    )
                )
                continue
            self.extends.append((origin, {name: self._spelled(name, body, origin)}))

    def _take_exclude(self, exclude: Any, origin: Origin) -> None:
        if isinstance(exclude, list):
            self.excludes += exclude
        else:
            self.problems.append(
                origin.problem(f"the exclude declaration in SLS {origin.sls!r} is not a list", "exclude")
            )


def has_argument(arguments: list[Any], name: str) -> bool:
    """Say whether a declaration gives an argument."""
    return any(isinstance(each, dict) and next(iter(each), None) == name for each in arguments)


_NOWHERE: Final = Origin(sls="?", env="base")
