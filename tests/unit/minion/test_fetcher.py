"""Fetching into the cache, from a master that the test plays: cuts, damage, changes, and nothing fetched twice."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random
from typing import Any

import pytest

from minion.files.cache import FileCache
from minion.files.fetcher import Fetcher
from minion.loop import Loop
from minion.questions import Questions
from shoal.clock import FakeClock
from shoal.files.digest import Digest
from shoal.files.messages import PIECE_BYTES, READ_BYTES, Answer, FileInfo, Question

MIB = 1024 * 1024


def info(data: bytes, name: str = "f") -> FileInfo:
    return FileInfo(name=name, digest=Digest(data).final(), size=len(data))


class Master:
    """Has contents, and answers questions when the test lets it."""

    def __init__(self, *contents: bytes) -> None:
        self.contents = {Digest(data).final(): data for data in contents}
        self.asked: list[Question] = []
        self.given = 0  # bytes

    def answers(self, question: Question) -> list[Answer]:
        if any(part.digest not in self.contents for part in question.parts):
            return [Answer(n=question.n, error="changed: not any more")]
        data = b"".join(self.contents[p.digest][p.at : p.at + p.length] for p in question.parts)
        pieces = [data[at : at + PIECE_BYTES] for at in range(0, len(data), PIECE_BYTES)] or [b""]
        return [
            Answer(n=question.n, data=piece, last=number == len(pieces) - 1)
            for number, piece in enumerate(pieces)
        ]


class Box:
    """A box's end of it."""

    def __init__(self, folder: Path, master: Master) -> None:
        self.clock = FakeClock()
        self.loop = Loop(self.clock)
        self.master = master
        self.cache = FileCache(folder / "files", 10**9)
        self.questions = Questions(self.loop, self._send)
        self.fetcher = Fetcher(self.loop, self.cache, self.questions)
        self.done: list[str] = []
        self.under_way: list[Answer] = []
        self.received = 0

    def _send(self, verb: str, body: Any) -> bool:
        assert verb == "files"
        question = Question.from_wire(body)
        self.master.asked.append(question)
        self.under_way += self.master.answers(question)
        return True

    def wish(self, *files: FileInfo) -> None:
        self.fetcher.wish(files, self.done.append)
        self.turn()

    def turn(self) -> None:
        for _ in range(20):
            self.loop.run_once(0)

    def deliver(self, count: int = 10**9) -> None:
        """Let up to `count` answers arrive, and those to the questions that they lead to."""
        while self.under_way and count:
            count -= 1
            answer = self.under_way.pop(0)
            self.received += len(answer.data)
            self.questions.answered(Answer.from_wire(answer.to_wire()))
            self.turn()

    def cut(self) -> None:
        """Lose the connection and what was on its way, and come back."""
        self.under_way.clear()
        self.questions.disconnected()
        self.turn()
        self.questions.connected()
        self.turn()

    def content(self, file: FileInfo) -> bytes:
        return self.cache.path(file.digest).read_bytes()


def start(folder: Path, *contents: bytes) -> Box:
    box = Box(folder, Master(*contents))
    box.questions.connected()
    return box


def test_large_and_small_and_empty_arrive_as_they_are(tmp_path: Path) -> None:
    contents = [os.urandom(3 * MIB + 5), b"small", b"", os.urandom(PIECE_BYTES), os.urandom(PIECE_BYTES + 1)]
    box = start(tmp_path, *contents)
    files = [info(data) for data in contents]
    box.wish(*files)
    box.deliver()
    assert box.done == [""]
    assert [box.content(file) for file in files] == contents
    assert box.received == sum(map(len, contents))


def test_many_small_ones_come_with_few_questions(tmp_path: Path) -> None:
    contents = [b"%d" % number for number in range(1000)]
    box = start(tmp_path, *contents)
    box.wish(*(info(data) for data in contents))
    box.deliver()
    assert box.done == [""]
    assert len(box.master.asked) < 10


def test_what_is_here_is_not_fetched_again(tmp_path: Path) -> None:
    box = start(tmp_path, b"content")
    box.wish(info(b"content"))
    box.deliver()
    asked = len(box.master.asked)
    box.wish(info(b"content"))
    assert box.done == ["", ""]
    assert len(box.master.asked) == asked


def test_two_who_wish_for_the_same_share_it(tmp_path: Path) -> None:
    data = os.urandom(MIB)
    box = start(tmp_path, data)
    box.wish(info(data))
    box.wish(info(data))
    box.deliver()
    assert box.done == ["", ""]
    assert box.received == len(data)


@pytest.mark.parametrize("seed", range(5))
def test_connection_that_is_cut_fifty_times_costs_nothing_that_had_arrived(tmp_path: Path, seed: int) -> None:
    dice = Random(seed)
    data = dice.randbytes(20 * MIB)
    box = start(tmp_path, data)
    box.wish(info(data))
    for _ in range(50):
        box.deliver(dice.randint(0, 3))
        box.cut()
    box.deliver()
    assert box.done == [""]
    assert box.content(info(data)) == data
    assert box.received == len(data), "each byte arrived once"


def test_daemon_that_ends_goes_on_where_it_was(tmp_path: Path) -> None:
    data = os.urandom(5 * MIB)
    first = start(tmp_path, data)
    first.wish(info(data))
    first.deliver(12)
    second = start(tmp_path, data)
    second.wish(info(data))
    second.deliver()
    assert second.content(info(data)) == data
    assert first.received + second.received <= len(data) + 2 * READ_BYTES
    assert second.received < len(data)


def test_content_that_is_not_what_its_digest_says_is_never_kept(tmp_path: Path) -> None:
    data = os.urandom(MIB)
    file = info(data)
    box = start(tmp_path, data)
    box.master.contents[file.digest] = data[:-1] + b"!"
    box.wish(file)
    box.deliver()
    assert box.done == ["what arrived is not what the master named"]
    assert not box.cache.path(file.digest).exists()


def test_damage_that_happens_once_is_mended(tmp_path: Path) -> None:
    data = os.urandom(MIB)
    file = info(data)
    box = start(tmp_path, data)
    box.wish(file)
    first = box.under_way[0]
    box.under_way[0] = Answer(n=first.n, data=bytes(len(first.data)), last=first.last)
    box.deliver()
    assert box.done == [""]
    assert box.content(file) == data


def test_file_that_changed_on_the_master_fails_its_wish_and_no_other(tmp_path: Path) -> None:
    box = start(tmp_path, b"stays")
    box.wish(info(b"stays"))
    box.wish(info(b"goes"))
    box.deliver()
    assert sorted(box.done) == ["", "changed: not any more"]


def test_answer_that_is_too_short_is_an_error(tmp_path: Path) -> None:
    data = os.urandom(1000)
    box = start(tmp_path, data)
    box.wish(info(data))
    box.under_way = [Answer(n=box.under_way[0].n, data=data[:10])]
    box.deliver()
    assert box.done == ["the master sent less than was asked for"]


def test_who_is_gone_is_not_fetched_for(tmp_path: Path) -> None:
    data = os.urandom(10 * MIB)
    box = start(tmp_path, data)
    wish = box.fetcher.wish([info(data)], box.done.append)
    box.deliver(3)
    box.fetcher.forget(wish)
    asked = len(box.master.asked)
    box.deliver()
    assert len(box.master.asked) == asked
    assert box.done == []


def test_slow_link_is_asked_for_less_at_a_time(tmp_path: Path) -> None:
    data = os.urandom(10 * MIB)
    box = start(tmp_path, data)
    box.wish(info(data))
    box.deliver(40)
    assert sum(part.length for part in box.master.asked[-1].parts) == READ_BYTES
    for _ in range(60):
        box.clock.advance(5.0)
        box.deliver(1)
    assert sum(part.length for part in box.master.asked[-1].parts) <= 64 * 1024


def test_question_without_an_answer_is_put_again(tmp_path: Path) -> None:
    box = start(tmp_path, b"content")
    box.wish(info(b"content"))
    box.under_way.clear()
    box.clock.advance(61)
    box.turn()
    box.clock.advance(61)
    box.turn()
    box.deliver()
    assert box.done == [""]


def test_cache_drops_what_was_not_used_for_the_longest_time(tmp_path: Path) -> None:
    contents = [os.urandom(200_000) for _ in range(6)]
    box = start(tmp_path, *contents)
    box.cache = FileCache(tmp_path / "files", 1_000_000)
    box.fetcher = Fetcher(box.loop, box.cache, box.questions)
    for age, data in enumerate(contents[:5]):
        box.wish(info(data))
        box.deliver()
        os.utime(box.cache.path(info(data).digest), (age, age))
    box.wish(info(contents[5]))
    box.deliver()
    kept = [box.cache.path(info(data).digest).exists() for data in contents]
    assert kept == [False, False, True, True, True, True]


def test_master_that_sends_more_than_was_asked_for_is_not_listened_to(tmp_path: Path) -> None:
    """Nor is what it sends kept in memory."""
    data = os.urandom(MIB)
    box = start(tmp_path, data)
    box.wish(info(data))
    first = box.under_way[0]
    box.under_way = [Answer(n=first.n, data=bytes(PIECE_BYTES), last=False)] * 100
    box.deliver(100)
    assert box.done == ["the master sent more than was asked for"]
    assert not box.cache.path(info(data).digest).exists()
