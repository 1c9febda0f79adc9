"""A value from a configuration file that knows where it stood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

NULL: Final = "nothing"
BOOL: Final = "a yes/no value"
INT: Final = "a whole number"
FLOAT: Final = "a number"
TEXT: Final = "text"
LIST: Final = "a list"
MAP: Final = "a map"


@dataclass(frozen=True, slots=True)
class Node:
    """One value. `kind` is one of the words above; they are made to stand in messages."""

    file: str
    line: int  # of its key in a map, else its own
    kind: str
    text: str = ""  # a scalar as it stood in the file
    value: Any = None  # a scalar's value
    items: tuple[Node, ...] = ()
    fields: dict[str, Node] | None = None

    @property
    def place(self) -> str:
        """Return file:line."""
        return f"{self.file}:{self.line}"

    def shown(self) -> str:
        """Return what was given, short enough for a message."""
        if self.kind in (LIST, MAP, NULL):
            return self.kind
        text = self.text if len(self.text) <= 40 else self.text[:40] + "…"
        return f"{text!r}"

    def plain(self) -> Any:
        """Return the value as maps, lists and scalars."""
        if self.kind == MAP:
            return {name: node.plain() for name, node in (self.fields or {}).items()}
        if self.kind == LIST:
            return [node.plain() for node in self.items]
        return self.value


def merged(base: Node, over: Node) -> Node:
    """Return `base` with `over` laid over it: maps are merged, anything else is replaced."""
    if base.fields is None or over.fields is None:
        return over
    fields = dict(base.fields)
    for name, node in over.fields.items():
        fields[name] = merged(fields[name], node) if name in fields else node
    return Node(file=over.file, line=over.line, kind=MAP, fields=fields)
