"""Where jobs of this box ask for the master's files: a socket that only the minion's own user may use.

One question at a time on a connection: `find` and `envs` have one answer, `list` comes in pages, `fetch` is answered
when all is in the cache. A connection that ends takes its wish with it.
"""

from __future__ import annotations

import logging
import os
import socket
from pathlib import Path
from typing import Any, Final

from minion.executor.link import Link
from minion.files.fetcher import Fetcher, Wish
from minion.files.questions import Questions
from minion.loop import Loop
from shoal.errors import WireError
from shoal.files.messages import Answer, FileInfo
from shoal.files.names import check_env, check_name
from shoal.wire import Fields

log = logging.getLogger(__name__)

_BACKLOG: Final = 32
_MAX_WISHED: Final = 2000  # files in one `fetch`
_MAX_SEEN: Final = 1_000_000  # names of one list


class Desk:
    """See the module docstring."""

    def __init__(self, loop: Loop, path: Path, questions: Questions, fetcher: Fetcher) -> None:
        self._loop = loop
        self._path = path
        self._questions = questions
        self._fetcher = fetcher
        self._askers: dict[Link, _Asker] = {}
        self._listener = _listen(path)
        loop.watch(self._listener.fileno(), self._accept)

    def close(self) -> None:
        """Hang up on everybody."""
        self._loop.unwatch(self._listener.fileno())
        self._listener.close()
        self._path.unlink(missing_ok=True)
        for link in list(self._askers):
            link.close()

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError:
            return
        link = Link(self._loop, sock, self._on_message, self._on_closed)
        self._askers[link] = _Asker(link, self._questions, self._fetcher)

    def _on_message(self, link: Link, message: dict[str, Any]) -> None:
        self._askers[link].take(message)

    def _on_closed(self, link: Link) -> None:
        self._askers.pop(link).gone()


class _Asker:
    """One connection, and what it waits for."""

    def __init__(self, link: Link, questions: Questions, fetcher: Fetcher) -> None:
        self._link = link
        self._questions = questions
        self._fetcher = fetcher
        self._number = 0
        self._wish: Wish | None = None
        self._seen = 0

    def take(self, message: dict[str, Any]) -> None:
        """Take a question. Raises WireError, which ends the connection."""
        fields = Fields(message, "question at the desk")
        op = fields.text("op", 8)
        if op == "fetch":
            values = fields.take("files", list)
            if len(values) > _MAX_WISHED:
                raise WireError(f"at most {_MAX_WISHED} files at once")
            files = [FileInfo.from_wire(value) for value in values]
            self._wish = self._fetcher.wish(files, self._fetched)
        elif op == "envs":
            self._number = self._questions.ask(self._answered, op="envs")
        elif op in ("find", "list"):
            env, name = check_env(fields.text("env", 128)), check_name(fields.text("name", 1024))
            self._seen = 0
            on_answer = self._answered if op == "find" else lambda answer: self._page(env, name, answer)
            self._number = self._questions.ask(on_answer, op=op, env=env, name=name)
        else:
            raise WireError(f"question at the desk: unknown {op!r}")
        fields.done()

    def gone(self) -> None:
        """Forget what it waits for."""
        self._questions.drop(self._number)
        if self._wish is not None:
            self._fetcher.forget(self._wish)

    def _answered(self, answer: Answer) -> None:
        self._say(answer, last=True)

    def _page(self, env: str, name: str, answer: Answer) -> None:
        self._seen += len(answer.files)
        last = answer.last or bool(answer.error) or not answer.files or self._seen > _MAX_SEEN
        self._say(answer, last=last)
        if not last:
            self._number = self._questions.ask(
                lambda more: self._page(env, name, more),
                op="list",
                env=env,
                name=name,
                after=answer.files[-1].name,
            )

    def _fetched(self, error: str) -> None:
        self._wish = None
        self._link.send({"error": error, "files": [], "envs": [], "last": True})

    def _say(self, answer: Answer, *, last: bool) -> None:
        self._link.send(
            {
                "error": answer.error,
                "files": [each.to_wire() for each in answer.files],
                "envs": list(answer.envs),
                "last": last,
            }
        )


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
