"""What Jinja makes of a name that is not there: an error on any use but `is defined` and `default`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jinja2 import StrictUndefined, UndefinedError
from jinja2.utils import missing


class MissingName(UndefinedError):
    """A name, key or attribute is not there. `name` and `owner` (None: a variable of the template) tell which."""

    def __init__(self, message: str | None, name: object, owner: Any) -> None:
        super().__init__(message)
        self.name = name
        self.owner = owner


class Strict(StrictUndefined):
    """See the module docstring."""

    __slots__ = ()

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: type[Exception] = UndefinedError,
    ) -> None:
        super().__init__(hint, obj, name, exc)  # type: ignore[arg-type]
        if exc is UndefinedError and hint is None:
            owner = None if obj is missing else obj
            self._undefined_exception = lambda message: MissingName(message, name, owner)  # type: ignore[assignment]


def words_for(error: MissingName, variables: Iterable[str]) -> str:
    """Return what is missing, in words, with the nearest name there is."""
    name = str(error.name)[:80]
    if error.owner is None:
        return f"the variable {name!r} is undefined{_near(name, variables)}"
    if isinstance(error.owner, Mapping):
        return f"the map has no key {name!r}: undefined{_near(name, map(str, error.owner))}"
    return f"{type(error.owner).__name__} has no {name!r}: undefined"


def _near(name: str, names: Iterable[str]) -> str:
    import difflib  # only for the message

    near = difflib.get_close_matches(name, [each for each in names if not each.startswith("_")], 1)
    return f"; did you mean {near[0]!r}?" if near else ""
