"""Brings contents into the cache: several small ones with one question, a large one question by question.

1. Two questions are open at a time; how much one asks for follows how soon the last was answered, because
   heartbeats wait behind what is on its way.
2. Bytes are written as soon as they have come in order. A connection that breaks, or a daemon that ends, costs what
   was on its way and nothing else.
3. A content is wanted by any number of wishes; a wish ends when all that it wants is there, or with the first error.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from minion.files.cache import FileCache, Part, SmallPart
from minion.loop import Loop
from minion.questions import Asking, Questions
from shoal.files.messages import MAX_ASKED, MAX_PARTS, READ_BYTES, Answer, FileInfo, Question
from shoal.files.messages import Part as Asked

log = logging.getLogger(__name__)

_FIRST_BYTES: Final = 64 * 1024
_LEAST_BYTES: Final = 16 * 1024
_SOON_S: Final = 0.3
_LATE_S: Final = 1.0
_CATCH_UP_BYTES: Final = 16 * 1024 * 1024  # of an earlier try that are read in one turn of the loop
_TRIES: Final = 2  # for a content that came damaged


class Wish:
    """Some contents that somebody waits for; `done(error)` is called once, with "" when all are there."""

    def __init__(self, done: Callable[[str], None]) -> None:
        self.done = done
        self.missing: set[bytes] = set()


@dataclass(slots=True)
class _Content:
    digest: bytes
    size: int
    wishes: list[Wish] = field(default_factory=list)
    part: Part | SmallPart | None = None
    asked: int = 0  # bytes that are here or on their way
    tries: int = 0


@dataclass(slots=True)
class _Read:
    """A question: which bytes of which contents its answer has, one after the other."""

    pieces: list[tuple[_Content, int, int]]  # content, from, how many
    at: float  # monotonic
    number: int = 0
    got: int = 0  # bytes, written ones too
    length: int = 0  # bytes that were asked for
    data: deque[memoryview] = field(default_factory=deque)  # never copied: it is the largest part of the work
    done: bool = False


class Fetcher:
    """See the module docstring."""

    def __init__(self, loop: Loop, cache: FileCache, questions: Questions) -> None:
        self._loop = loop
        self._cache = cache
        self._questions = questions
        self._contents: dict[bytes, _Content] = {}  # in the order they were wished for
        self._reads: list[_Read] = []
        self._length = _FIRST_BYTES

    def wish(self, files: Sequence[FileInfo], done: Callable[[str], None]) -> Wish:
        """Fetch what is not here yet of some files."""
        wish = Wish(done)
        for info in files:
            if info.is_dir or info.digest in wish.missing or self._cache.has(info.digest, info.size):
                continue
            wish.missing.add(info.digest)
            content = self._contents.setdefault(info.digest, _Content(info.digest, info.size))
            content.wishes.append(wish)
        if wish.missing:
            self._fill()
        else:
            self._loop.call_soon(lambda: done(""))
        return wish

    def forget(self, wish: Wish) -> None:
        """Nobody waits for this any more. What only it wanted is not fetched further."""
        for digest in wish.missing:
            content = self._contents.get(digest)
            if content is not None:
                content.wishes = [each for each in content.wishes if each is not wish]
                if not content.wishes:
                    self._let_go(content)
        wish.missing.clear()

    # ------------------------------------------------------------------ asking

    def _fill(self) -> None:
        while len(self._reads) < MAX_ASKED:
            pieces = self._pieces()
            if not pieces:
                return
            length = sum(count for _, _, count in pieces)
            read = _Read(pieces, self._loop.clock.monotonic(), length=length)
            self._reads.append(read)
            parts = tuple(Asked(digest=c.digest, at=at, length=length) for c, at, length in pieces)
            body = Question(op="read", parts=parts).to_wire()
            read.number = self._questions.ask(
                Asking(verb="files", body=body, kind=Answer, many=True),
                partial(self._answered, read),
                self._lost,
            )

    def _pieces(self) -> list[tuple[_Content, int, int]]:
        """Return what to ask for next, and note that it is on its way."""
        room = min(self._length, READ_BYTES)
        pieces: list[tuple[_Content, int, int]] = []
        for content in list(self._contents.values()):
            if room <= 0 or len(pieces) >= MAX_PARTS:
                break
            if content.asked >= content.size and content.part is not None:
                continue
            if not self._ready(content):
                continue
            length = min(room, content.size - content.asked)
            pieces.append((content, content.asked, length))
            content.asked += length
            room -= max(length, 1)
        return pieces

    def _ready(self, content: _Content) -> bool:
        """Open a content's part, and read what an earlier try has left of it; False while that goes on, or failed."""
        if content.part is None:
            try:
                content.part = self._cache.part(content.digest, content.size)
                content.asked = -1
            except OSError as error:
                self._fail(content, f"the box's cache cannot be written: {error}")
                return False
        if content.asked < 0:
            if not content.part.catch_up(_CATCH_UP_BYTES):
                self._loop.call_soon(self._fill)
                return False
            content.asked = content.part.at
            if content.part.at >= content.size > 0:
                self._complete(content, content.part)
                return False
        return True

    # --------------------------------------------------------------- answering

    def _answered(self, read: _Read, answer: Answer) -> None:
        if answer.error:
            self._refused(read, answer.error)
            return
        read.got += len(answer.data)
        if read.got > read.length:
            self._questions.drop(read.number)
            self._refused(read, "the master sent more than was asked for")
            return
        if answer.data:
            read.data.append(memoryview(answer.data))
        read.done = answer.last
        while self._reads and self._reads[0].done:
            head = self._reads.pop(0)
            self._adapt(self._loop.clock.monotonic() - head.at)
            self._apply(head)
        if self._reads and self._reads[0] is read:
            self._apply_some(read)
        self._fill()

    def _adapt(self, took: float) -> None:
        if took < _SOON_S:
            self._length = min(READ_BYTES, self._length * 2)
        elif took > _LATE_S:
            self._length = max(_LEAST_BYTES, self._length // 2)

    def _apply_some(self, read: _Read) -> None:
        """Write what has come of the answer that is next in order."""
        while read.pieces and read.data:
            content, at, length = read.pieces[0]
            data = read.data[0][:length]
            if len(data) == len(read.data[0]):
                read.data.popleft()
            else:
                read.data[0] = read.data[0][length:]
            if len(data) == length:
                read.pieces.pop(0)
            else:
                read.pieces[0] = content, at + len(data), length - len(data)
            self._write(content, at, data)

    def _apply(self, read: _Read) -> None:
        self._apply_some(read)
        for content, at, length in read.pieces:  # empty ones are left
            if length:
                self._fail(content, "the master sent less than was asked for")
            else:
                self._write(content, at, b"")

    def _write(self, content: _Content, at: int, data: bytes | memoryview) -> None:
        part = content.part
        if part is None or self._contents.get(content.digest) is not content or part.at != at:
            return  # it was let go
        try:
            part.write(data)
            if part.at == content.size:
                self._complete(content, part)
        except OSError as error:
            self._fail(content, f"the box's cache cannot be written: {error}")

    def _complete(self, content: _Content, part: Part | SmallPart) -> None:
        content.part = None
        if self._cache.keep(part, content.digest):
            del self._contents[content.digest]
            for wish in content.wishes:
                wish.missing.discard(content.digest)
                if not wish.missing:
                    wish.done("")
            if not self._contents:
                self._cache.trim()
            return
        content.tries += 1
        content.asked = 0
        self._loop.call_soon(self._fill)
        if content.tries >= _TRIES:
            self._fail(content, "what arrived is not what the master named")

    def _refused(self, read: _Read, error: str) -> None:
        """The master does not have, or does not give, what was asked for."""
        if read in self._reads:
            self._reads.remove(read)
        for content, _, _ in read.pieces:
            if self._contents.get(content.digest) is content:
                self._fail(content, error)
        self._fill()

    def _fail(self, content: _Content, error: str) -> None:
        wishes = list(content.wishes)
        self._let_go(content)
        for wish in wishes:
            self.forget(wish)
            wish.done(error)

    def _let_go(self, content: _Content) -> None:
        self._contents.pop(content.digest, None)
        if content.part is not None:
            content.part.close()
            content.part = None

    def _lost(self) -> None:
        """A question went down with its connection: go on from what is written."""
        for read in self._reads:
            self._questions.drop(read.number)
        self._reads.clear()
        self._length = _FIRST_BYTES
        for content in self._contents.values():
            content.asked = (
                content.part.at if content.part is not None and content.asked >= 0 else content.asked
            )
        self._loop.call_soon(self._fill)
