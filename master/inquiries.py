"""Takes boxes' numbered questions of one verb, has them answered, and sends the answers in pieces.

1. A box has few questions open at a time; one more is told to come back (`busy`).
2. Few are worked on at once; the others wait their turn, up to a bound.
3. Whoever answers gets the box's id, never from the message. A question may come twice (a connection broke): the
   answer must be the same, or do no harm.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from typing import Any, Final, Generic, TypeVar

from shoal.answer import MAX_DATA_BYTES, MAX_N, pieces, refusal
from shoal.errors import ShoalError, WireError
from shoal.messages import ANSWER, BUSY, reply
from shoal.transport import MasterTransport
from shoal.wire import Fields

log = logging.getLogger(__name__)

MAX_OPEN: Final = 8  # questions of one box; those of a connection that broke may still be under way
_MAX_WAITING: Final = 20_000  # of all boxes
_BUSY_S: Final = 1.0

Question = TypeVar("Question")


class Inquiries(Generic[Question]):
    """The questions of `verb`.

    `read` checks one, without its number (raises WireError). `answer` gets the box's id and what was read; the
    ShoalErrors that it raises are told. `transport` is set once the sockets are there.
    """

    def __init__(
        self,
        verb: str,
        read: Callable[[Fields], Question],
        answer: Callable[[str, Question], Awaitable[bytes]],
        counters: Counter[str],
        at_once: int = 1,
    ) -> None:
        self._verb = verb
        self._read = read
        self._answer = answer
        self._counters = counters
        self._room = at_once
        self._open: Counter[str] = Counter()
        self._waiting: deque[tuple[str, bytes, int, Question]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self.transport: MasterTransport | None = None

    def ask(self, minion: str, route: bytes, body: object) -> None:
        """Take a question of a box; its answer goes to `route`. Raises WireError, after it was told too."""
        fields = Fields(body, f"question about {self._verb}")
        number = fields.integer("n", 0, MAX_N)
        try:
            question = self._read(fields)
        except WireError as error:
            self._say_answer(route, refusal(number, str(error)).to_wire())
            raise
        if self._open[minion] >= MAX_OPEN or len(self._waiting) >= _MAX_WAITING:
            self._counters[f"{self._verb} refused: too many questions"] += 1
            self._say(route, reply(BUSY, {"verb": self._verb, "retry_after_s": _BUSY_S}))
            return
        self._open[minion] += 1
        self._waiting.append((minion, route, number, question))
        self._work()

    def close(self) -> None:
        """Leave what is not answered."""
        for task in self._tasks:
            task.cancel()

    def _work(self) -> None:
        while self._waiting and len(self._tasks) < self._room:
            task = asyncio.get_running_loop().create_task(self._serve(*self._waiting.popleft()))
            self._tasks.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            self._work()

    async def _serve(self, minion: str, route: bytes, number: int, question: Question) -> None:
        try:
            await self._tell(minion, route, number, question)
        finally:
            self._open[minion] -= 1
            if not self._open[minion]:
                del self._open[minion]

    async def _tell(self, minion: str, route: bytes, number: int, question: Question) -> None:
        try:
            data = await self._answer(minion, question)
            if len(data) > MAX_DATA_BYTES:
                raise WireError(f"the answer has {len(data)} bytes, more than {MAX_DATA_BYTES}")
        except ShoalError as error:
            self._counters[f"{self._verb} refused"] += 1
            self._say_answer(route, refusal(number, str(error)).to_wire())
            return
        except Exception:  # a bug that one box's question finds must not cost the others theirs
            log.exception("a question could not be answered", extra={"action": "question_failed"})
            self._say_answer(route, refusal(number, "the master has failed; see its log").to_wire())
            return
        for piece in pieces(number, data):
            self._say_answer(route, piece.to_wire())

    def _say_answer(self, route: bytes, body: dict[str, Any]) -> None:
        self._say(route, reply(ANSWER, body))

    def _say(self, route: bytes, frame: bytes) -> None:
        assert self.transport is not None
        self.transport.send(route, frame)
