"""Finds runners by name. The list of modules is fixed: what is not in it does not exist."""

from __future__ import annotations

from typing import Final

from master.runners import (
    cache,
    config,
    event,
    fileserver,
    jobs,
    manage,
    mine,
    pillar,
    returner,
    survey,
    tag,
    test,
    token,
)
from shoal.errors import UnknownFunctionError
from shoal.functions.function import Function, marks_of

_MODULES: Final = {
    "cache": cache,
    "config": config,
    "event": event,
    "fileserver": fileserver,
    "jobs": jobs,
    "manage": manage,
    "mine": mine,
    "pillar": pillar,
    "returner": returner,
    "survey": survey,
    "tag": tag,
    "test": test,
    "token": token,
}
_STREAMS: Final = {  # what shoal-run makes of the control socket's other operations
    "state.event": """Show events as they happen, until Ctrl-C: a line each, the tag and the data as JSON.

The tag may be a glob. `pretty=True` spreads the data over several lines, `count=5` ends after the fifth event.

CLI Example:

    shoal-run state.event pretty=True
    shoal-run state.event 'shoal/job/*' count=5""",
    "pillar.seal": """Print a secret sealed for the master: what stands after a key in a pillar file.

The secret is read from standard input, or asked for on a terminal; it is never an argument, which every user of the
host could see, and it does not leave this program in plain.

CLI Example:

    shoal-run pillar.seal""",
}


class Directory:
    """All runners, by full name and by Salt's other names for them."""

    def __init__(self) -> None:
        self._functions: dict[str, Function] = {}
        self._aliases: dict[str, Function] = {}
        for name, module in _MODULES.items():
            for attribute, value in vars(module).items():
                marks = marks_of(value)
                if marks is not None:
                    full = f"{name}.{attribute.removesuffix('_')}"
                    found = self._functions[full] = Function(full, value, marks)
                    self._aliases.update(dict.fromkeys(marks.aliases, found))

    def names(self) -> list[str]:
        """Return the names of all runners, sorted."""
        return sorted(self._functions)

    def aliases(self) -> list[str]:
        """Return the other names, sorted."""
        return sorted(self._aliases)

    def streams(self) -> list[str]:
        """Return the names that `shoal-run` makes of other operations."""
        return list(_STREAMS)

    def docs(self, wanted: str) -> dict[str, str]:
        """Return the documentation of one function, of a module, or of all if nothing is named.

        Raises:
            UnknownFunctionError: there is nothing of that name.
        """
        everything = {**{name: found.help for name, found in self._functions.items()}, **_STREAMS}
        if wanted in self._aliases:
            everything[wanted] = self._aliases[wanted].help
        module = wanted.rstrip(".") + "."
        docs = {
            name: doc
            for name, doc in sorted(everything.items())
            if not wanted or name == wanted or name.startswith(module)
        }
        if not docs:
            raise UnknownFunctionError(f"no runner is called {wanted[:80]!r}; shoal-run -d lists them")
        return docs

    def get(self, name: str) -> Function:
        """Return a runner. Raises UnknownFunctionError with near names."""
        found = self._functions.get(name) or self._aliases.get(name)
        if found is None and name in _MODULES:
            raise UnknownFunctionError(f"'{name}' is a module. shoal-run -d {name} lists its functions.")
        if found is None:
            import difflib  # only when something is wrong already

            near = difflib.get_close_matches(name, self._functions, n=1)
            hint = f" Did you mean: {near[0]}?" if near else " shoal-run -d lists them."
            raise UnknownFunctionError(f"'{name[:80]}' is not available.{hint}")
        return found
