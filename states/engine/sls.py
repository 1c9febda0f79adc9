"""Reads SLS files with what they include, each once, into high data.

An included file comes before the one that includes it. Names may be globs, relative (`.x` beside the file, `..x` one
folder up), or of another environment (`- dev: x`). What cannot be found or rendered is a problem, told with the chain
of includes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any, Protocol

from shoal.errors import RenderError
from shoal.render.names import resolve_relative
from shoal.render.source import Source
from shoal.render.yaml import Document
from states.engine.high import High, Origin
from states.engine.problem import Problem


class Tree(Protocol):
    """Where SLS files come from."""

    def names(self, env: str) -> Sequence[str]:
        """Return the dotted names of all SLS files of an environment."""

    def find(self, env: str, sls: str) -> Source | None:
        """Return the file of a dotted name; its `name` tells `a/b.sls` from `a/b/init.sls`."""


Render = Callable[[Source, str, str], Document]  # a file, its dotted name and environment. Raises RenderError


class Reader:
    """Reads for one run. Each file is read once, however often it is included."""

    def __init__(self, tree: Tree, render: Render) -> None:
        self._tree = tree
        self._render = render
        self._read: set[tuple[str, str]] = set()
        self._names: list[Any] = []  # of ids
        self.high = High()

    def read(self, env: str, wanted: Iterable[str]) -> None:
        """Read files by name; globs mean all that match."""
        for pattern in wanted:
            for sls in self._meant(env, pattern) or [pattern]:
                self._names += self._file(env, sls, ())
        self.high.arrange(self._names)

    def _meant(self, env: str, pattern: str) -> list[str]:
        if any(sign in pattern for sign in "*?["):
            return sorted(name for name in self._tree.names(env) if fnmatchcase(name, pattern))
        return [pattern]

    def _file(self, env: str, sls: str, chain: tuple[str, ...]) -> list[Any]:
        """Read a file; return the ids it declares and then those of what it includes."""
        if (env, sls) in self._read:
            return []
        self._read.add((env, sls))
        source = self._tree.find(env, sls)
        if source is None:
            self._problem(f"no matching sls found for {sls!r} in env {env!r}{self._near(env, sls)}", chain)
            return []
        try:
            document = self._render(source, sls, env)
        except RenderError as error:
            self._problem(f"rendering SLS '{env}:{sls}' failed: {_duplicate(error)}", chain, error)
            return []
        if not isinstance(document.value, dict):
            self._problem(f"SLS {sls} does not render to a map of IDs", chain)
            return []
        data = dict(document.value)
        origin = Origin(sls=sls, env=env, file=source.path, lines=document.lines)
        include = data.pop("include", None)
        included: list[Any] = []
        if include is not None:
            included = self._include(include, origin, source, (*chain, f"{env}:{sls}"))
        self.high.take(data, origin)
        return [*data, *included]

    def _include(self, include: Any, origin: Origin, source: Source, chain: tuple[str, ...]) -> list[Any]:
        names: list[Any] = []
        if not isinstance(include, list):
            self.high.problems.append(
                origin.problem(
                    f"the include declaration in SLS {origin.sls} is not formed as a list", "include"
                )
            )
            return names
        for item in include:
            env, given = next(iter(item.items())) if isinstance(item, dict) and item else (origin.env, item)
            try:
                name = resolve_relative(str(given), origin.sls, source.name)
            except RenderError as error:
                self.high.problems.append(origin.problem(f"include in SLS {origin.sls}: {error}", "include"))
                continue
            found = self._meant(str(env), name)
            if not found or (found == [name] and self._tree.find(str(env), name) is None):
                self._problem(
                    f"SLS {name} that {origin.sls} includes is not available{self._near(str(env), name)}",
                    chain,
                )
            for each in found:
                if self._tree.find(str(env), each) is not None:
                    names += self._file(str(env), each, chain)
        return names

    def _near(self, env: str, sls: str) -> str:
        import difflib  # only for the message

        near = difflib.get_close_matches(sls, self._tree.names(env), n=1)
        return f". Did you mean {near[0]}?" if near else ""

    def _problem(self, text: str, chain: tuple[str, ...], error: RenderError | None = None) -> None:
        led = f" (included from {', from '.join(reversed(chain))})" if chain else ""
        problem = Problem(text=text + led)
        if error is not None:
            problem = Problem(text=text + led, file=error.file, line=error.line, lines=error.lines)
        self.high.problems.append(problem)


def _duplicate(error: RenderError) -> str:
    if error.problem.startswith("duplicate key"):
        return error.problem.replace("duplicate key", "conflicting ID, duplicate key", 1)
    return error.problem
