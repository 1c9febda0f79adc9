"""What a template is shown of maps that are not its own: grains, pillar, tags, opts.

A value is copied when it is first looked at, so a template can change what it got and nobody else sees it. Whoever
made the view is told which keys were looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any, Final

Noting = Callable[["str | None"], None]  # the key, or None: all of it
_PLAIN: Final = (str, int, float, bool, bytes, type(None))


def nobody(_key: str | None) -> None:
    """Note nothing."""


class View(Mapping[str, Any]):
    """A read-only map over `data`, see the module docstring."""

    __slots__ = ("_copies", "_data", "_note")

    def __init__(self, data: Mapping[str, Any], note: Noting = nobody) -> None:
        self._data = data
        self._note = note
        self._copies: dict[Any, Any] = {}

    def __getitem__(self, key: Any) -> Any:
        self._note(key)
        if key in self._copies:
            return self._copies[key]
        value = self._data[key]
        if not isinstance(value, _PLAIN):
            value = self._copies[key] = deepcopy(value)
        return value

    def __contains__(self, key: object) -> bool:
        self._note(key if isinstance(key, str) else None)
        return key in self._data

    def __iter__(self) -> Iterator[str]:
        self._note(None)
        return iter(self._data)

    def __len__(self) -> int:
        self._note(None)
        return len(self._data)

    def __repr__(self) -> str:
        return repr(dict(self))

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        return deepcopy(dict(self), memo)


class Lazy:
    """A variable of a template that is made when it is looked at."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make
