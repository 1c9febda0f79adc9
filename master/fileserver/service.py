"""Answers minions' questions about files. Disks are read in threads, answers are bounded.

1. A box has few questions open at a time; one more is refused.
2. What is on its way to all boxes together is bounded: libzmq would hold it in memory for whoever is slow. That an
   answer has arrived is known by the box's next question. Beyond the bound questions wait their turn.
3. Only what was found under a name can be read: the roots decide, not the digest. What shoal-cp has brought can be
   read by the boxes it is for.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeVar

from master.fileserver.catalog import Catalog
from master.fileserver.manifests import Manifests
from master.fileserver.updates import Updates
from master.receiving.uploads import Uploads
from shoal.errors import WireError
from shoal.files.messages import MAX_ASKED, MAX_OPEN, PIECE_BYTES, Answer, Part, Question
from shoal.files.roots import open_found
from shoal.messages import BUSY, FILES, reply
from shoal.transport import MasterTransport

log = logging.getLogger(__name__)

Result = TypeVar("Result")

_THREADS: Final = 2
_MAX_OPEN: Final = 2 * MAX_OPEN  # those of a connection that broke may still be under way
_BUSY_S: Final = 1.0
_MAX_WAITING: Final = 20_000  # questions of all
_ON_THE_WAY_BYTES: Final = 256 * 1024 * 1024
_ARRIVED_S: Final = 60.0  # a box that asks nothing more for so long has its answers, or is gone


@dataclass(slots=True)
class _Box:
    open: int = 0  # questions that are not answered
    sent: deque[int] = field(default_factory=deque)  # bytes of its last answers to `read`
    at: float = 0.0  # monotonic, of its last question


class FileService:
    """See the module docstring."""

    def __init__(
        self,
        catalog: Catalog,
        counters: Counter[str],
        monotonic: Callable[[], float],
        updates: Updates | None = None,
    ) -> None:
        self.catalog = catalog
        self.updates = updates  # of the git repositories, if there are any
        self.uploads: Uploads | None = None  # what shoal-cp brings, if there is such a thing
        self.transport: MasterTransport | None = None  # set once the sockets are there
        self.manifests: Manifests | None = None  # set once the master can sign
        self._counters = counters
        self._monotonic = monotonic
        self._threads = ThreadPoolExecutor(_THREADS, "files")
        self._boxes: dict[str, _Box] = {}
        self._waiting: deque[tuple[str, bytes, Question]] = deque()
        self._on_the_way = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(self, minion: str, route: bytes, body: object) -> None:
        """Take a question; its answers go to `route`. Raises WireError."""
        question = Question.from_wire(body)
        box = self._boxes.setdefault(minion, _Box())
        box.at = self._monotonic()
        if question.op == "read":
            self._arrived(box, MAX_ASKED - 1)
        if box.open >= _MAX_OPEN or len(self._waiting) >= _MAX_WAITING:
            self._counters["files refused: too many questions"] += 1
            self._say(route, reply(BUSY, {"verb": "files", "retry_after_s": _BUSY_S}))
            return
        box.open += 1
        self._waiting.append((minion, route, question))
        self._serve_waiting()

    async def beside(self, function: Callable[..., Result], *args: Any) -> Result:
        """Run something that reads disks in the file server's threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(function, *args))

    def tidy(self) -> None:
        """Let go of boxes that have asked nothing for a while."""
        before = self._monotonic() - _ARRIVED_S
        for minion in [minion for minion, box in self._boxes.items() if box.at < before and not box.open]:
            self._arrived(self._boxes.pop(minion), 0)
        self._serve_waiting()

    def close(self) -> None:
        """Stop the threads."""
        for task in self._tasks:
            task.cancel()
        if self.updates is not None:
            self.updates.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _arrived(self, box: _Box, but_for: int) -> None:
        """All answers to `read` have arrived at a box but for the last few."""
        while len(box.sent) > but_for:
            self._on_the_way -= box.sent.popleft()

    def _serve_waiting(self) -> None:
        while self._waiting and self._on_the_way < _ON_THE_WAY_BYTES:
            minion, route, question = self._waiting.popleft()
            size = sum(part.length for part in question.parts)
            box = self._boxes[minion]
            if size:
                box.sent.append(size)
                self._on_the_way += size
            task = asyncio.get_running_loop().create_task(self._serve(minion, route, question))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, minion: str, route: bytes, question: Question) -> None:
        box = self._boxes[minion]
        try:
            answers = (
                [await self._manifest(question)]
                if question.op == "manifest"
                else await self.beside(self._answers, minion, question)
            )
            for answer in answers:
                self._answer(route, answer)
        finally:
            box.open -= 1

    async def _manifest(self, question: Question) -> Answer:
        """Return the manifest of an environment; files are looked up in a thread, the time is taken in the loop."""
        if self.manifests is None:
            return Answer(n=question.n, error="this master has no manifests")
        try:
            files = await self.beside(self.manifests.files, question.env)
            return Answer(n=question.n, data=self.manifests.seal(question.env, files))
        except (WireError, OSError) as error:
            return _failed(question, error)

    def _answers(self, minion: str, question: Question) -> Sequence[Answer]:
        """Return the answers to a question; runs in a thread."""
        try:
            if question.op == "read":
                return self._read(minion, question)
            if question.op == "envs":
                return [Answer(n=question.n, envs=tuple(self.catalog.envs()))]
            if question.op == "find":
                found = self.catalog.find(question.env, question.name)
                return [Answer(n=question.n, files=(found,) if found is not None else ())]
            page, last = self.catalog.page(question.env, question.name, question.after)
            return [Answer(n=question.n, files=tuple(page), last=last)]
        except (WireError, OSError) as error:
            return [_failed(question, error)]

    def _read(self, minion: str, question: Question) -> Sequence[Answer]:
        data = b"".join(self._part(minion, part) for part in question.parts)
        pieces = [data[at : at + PIECE_BYTES] for at in range(0, len(data), PIECE_BYTES)] or [b""]
        last = len(pieces) - 1
        return [Answer(n=question.n, data=piece, last=at == last) for at, piece in enumerate(pieces)]

    def _part(self, minion: str, part: Part) -> bytes:
        found = self.catalog.file(part.digest)
        if found is None and self.uploads is not None:
            found = self.uploads.file(minion, part.digest)
        if found is None:
            raise WireError("changed: the master does not have this content any more")
        try:
            fd = open_found(found)
        except OSError:
            self.catalog.forget(part.digest)
            raise WireError("changed: the master does not have this content any more") from None
        try:
            data = os.pread(fd, part.length, part.at)
        finally:
            os.close(fd)
        if len(data) != part.length:
            raise WireError("changed: the file is shorter than that")
        return data

    def _answer(self, route: bytes, answer: Answer) -> None:
        self._say(route, reply(FILES, answer.to_wire()))

    def _say(self, route: bytes, frame: bytes) -> None:
        assert self.transport is not None
        self.transport.send(route, frame)


def _failed(question: Question, error: WireError | OSError) -> Answer:
    if isinstance(error, WireError):
        return Answer(n=question.n, error=str(error)[:500])
    log.warning("cannot serve a file: %s", error, extra={"action": "file_unread"})
    return Answer(n=question.n, error="the master cannot read it; see its log")
