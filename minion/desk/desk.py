"""A socket at which jobs of this box ask the daemon; only the minion's own user may use it.

One question at a time on a connection: `{op, …}`. Who answers an operation is in a table (`Clerk`); answers are maps
with at least `error` and `last`. A connection that ends takes its question with it.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from minion.executor.link import Link
from minion.loop import Loop
from shoal.errors import WireError
from shoal.wire import Fields

_BACKLOG: Final = 32

Say = Callable[["dict[str, Any]"], object]
Cancel = Callable[[], None]
Clerk = Callable[
    [Fields, Say], Cancel
]  # takes a question's fields; raises WireError, which ends the connection


class Desk:
    """See the module docstring."""

    def __init__(self, loop: Loop, path: Path, clerks: Mapping[str, Clerk]) -> None:
        self._loop = loop
        self._path = path
        self._clerks = clerks
        self._asked: dict[Link, Cancel] = {}
        self._listener = _listen(path)
        loop.watch(self._listener.fileno(), self._accept)

    def close(self) -> None:
        """Hang up on everybody."""
        self._loop.unwatch(self._listener.fileno())
        self._listener.close()
        self._path.unlink(missing_ok=True)
        for link in list(self._asked):
            link.close()

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError:
            return
        link = Link(self._loop, sock, self._on_message, self._on_closed)
        self._asked[link] = _nothing

    def _on_message(self, link: Link, message: dict[str, Any]) -> None:
        fields = Fields(message, "question at the desk")
        op = fields.text("op", 16)
        clerk = self._clerks.get(op)
        if clerk is None:
            raise WireError(f"question at the desk: unknown {op!r}")
        self._asked[link]()
        self._asked[link] = _nothing
        self._asked[link] = clerk(fields, link.send)

    def _on_closed(self, link: Link) -> None:
        self._asked.pop(link)()


def _nothing() -> None:
    """Nobody is asked just now."""


def _listen(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    before = os.umask(0o177)  # nobody may connect in the moment before a chmod
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    listener.listen(_BACKLOG)
    return listener
