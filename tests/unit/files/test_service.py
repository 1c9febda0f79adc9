"""The master's file service, asked over the wire by boxes that say what the test tells them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from master.fileserver import service as service_module
from shoal.errors import WireError
from shoal.files.digest import Digest
from shoal.files.messages import (
    MAX_PARTS,
    PAGE_ITEMS,
    PIECE_BYTES,
    READ_BYTES,
    Answer,
    FileInfo,
    Part,
    Question,
)
from shoal.messages import FILES, request
from tests.unit.master.reception import Box, Reception, run

LARGE = bytes(range(256)) * 2000


def serve(folder: Path, **files: bytes) -> None:
    for name, data in files.items():
        path = folder / "roots" / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


async def ask(room: Reception, box: Box, question: Question) -> list[Answer]:
    """Ask, and return the answers."""
    box.link.send(request("files", question.to_wire()))
    for _ in range(100):
        await room.settle()
        while room.files._tasks:
            await next(iter(room.files._tasks))
            await asyncio.sleep(0)  # one that is done already lets nothing else run, and stays in the set
        answers = [Answer.from_wire(body) for kind, body in box.take() if kind == FILES]
        if answers:
            assert {each.n for each in answers} == {question.n}
            return answers
    raise AssertionError("no answer")


async def find(room: Reception, box: Box, name: str) -> FileInfo:
    (answer,) = await ask(room, box, Question(n=1, op="find", env="base", name=name))
    (found,) = answer.files
    return found


def test_file_that_is_found_is_read_in_pieces_and_is_what_it_was(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        serve(tmp_path, web__large=LARGE)
        box = await room.online()
        found = await find(room, box, "web/large")
        assert (found.size, found.digest) == (len(LARGE), Digest(LARGE).final())
        part = Part(digest=found.digest, at=1000, length=len(LARGE) - 1000)
        answers = await ask(room, box, Question(n=7, op="read", parts=(part,)))
        assert b"".join(each.data for each in answers) == LARGE[1000:]
        assert [each.last for each in answers] == [False] * (len(answers) - 1) + [True]
        assert max(len(each.data) for each in answers) <= PIECE_BYTES

    run(tmp_path, body)


def test_many_small_files_are_read_with_one_question(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        files = {f"f{number}": str(number).encode() * number for number in range(5)}
        serve(tmp_path, **files)
        box = await room.online()
        found = [await find(room, box, name) for name in files]
        parts = tuple(Part(digest=each.digest, at=0, length=each.size) for each in found)
        (answer,) = await ask(room, box, Question(n=2, op="read", parts=parts))
        assert answer.data == b"".join(files.values())

    run(tmp_path, body)


def test_what_is_not_there_has_no_answer_but_an_empty_one(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        box = await room.online()
        assert await ask(room, box, Question(n=3, op="find", env="base", name="x")) == [Answer(n=3)]
        assert await ask(room, box, Question(n=4, op="find", env="dev", name="x")) == [Answer(n=4)]

    run(tmp_path, body)


def test_long_list_comes_page_by_page(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        count = PAGE_ITEMS + 20
        serve(tmp_path, **{f"d__{number:05d}": b"x" for number in range(count)})
        box = await room.online()
        (first,) = await ask(room, box, Question(n=1, op="list", env="base", name=""))
        assert not first.last
        (second,) = await ask(
            room, box, Question(n=2, op="list", env="base", name="", after=first.files[-1].name)
        )
        assert second.last
        names = [each.name for each in (*first.files, *second.files)]
        assert names == ["d", *(f"d/{number:05d}" for number in range(count))]
        assert first.files[0].is_dir

    run(tmp_path, body)


def test_content_that_nobody_found_cannot_be_read(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        serve(tmp_path, a=b"content")
        box = await room.online()
        part = Part(digest=Digest(b"content").final(), at=0, length=7)
        (answer,) = await ask(room, box, Question(n=1, op="read", parts=(part,)))
        assert answer.error.startswith("changed")
        await find(room, box, "a")
        (answer,) = await ask(room, box, Question(n=2, op="read", parts=(part,)))
        assert answer.data == b"content"

    run(tmp_path, body)


def test_file_that_changes_is_never_read_as_what_it_was(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        serve(tmp_path, a=b"content")
        box = await room.online()
        found = await find(room, box, "a")
        serve(tmp_path, a=b"other content")
        part = Part(digest=found.digest, at=0, length=7)
        (answer,) = await ask(room, box, Question(n=1, op="read", parts=(part,)))
        assert answer.error.startswith("changed")
        assert (await find(room, box, "a")).digest == Digest(b"other content").final()

    run(tmp_path, body)


def test_what_is_on_the_way_is_bounded_and_who_waits_gets_its_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module, "_ON_THE_WAY_BYTES", 1)

    async def body(room: Reception) -> None:
        serve(tmp_path, a=b"content")
        first, second = await room.online("a"), await room.online("b")
        found = await find(room, first, "a")
        part = Part(digest=found.digest, at=0, length=7)
        assert (await ask(room, first, Question(n=1, op="read", parts=(part,))))[0].data == b"content"
        second.link.send(request("files", Question(n=9, op="read", parts=(part,)).to_wire()))
        await room.settle()
        assert [kind for kind, _ in second.take() if kind == FILES] == []
        room.clock.advance(61)  # the first asks nothing more: it has its answer
        room.files.tidy()
        for task in list(room.files._tasks):
            await task
        await room.settle()
        assert [body["data"] for kind, body in second.take() if kind == FILES] == [b"content"]  # type: ignore[index,call-overload]

    run(tmp_path, body)


def test_stranger_is_not_answered(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        serve(tmp_path, a=b"content")
        box = room.box()
        box.link.send(request("files", Question(n=1, op="find", env="base", name="a").to_wire()))
        await room.settle()
        assert [kind for kind, _ in box.take() if kind == FILES] == []
        assert room.counters["files refused: key not accepted"] == 1

    run(tmp_path, body)


QUESTION = Question(n=1, op="find", env="base", name="a").to_wire()
PART = [bytes(32), 0, 10]


@pytest.mark.parametrize(
    "body",
    [
        {**QUESTION, "op": "write"},
        {**QUESTION, "name": "../a"},
        {**QUESTION, "env": "../a"},
        {**QUESTION, "n": -1},
        {**QUESTION, "more": 1},
        {"n": 1, "op": "read", "parts": []},
        {"n": 1, "op": "read", "parts": [PART] * (MAX_PARTS + 1)},
        {"n": 1, "op": "read", "parts": [[bytes(32), 0, READ_BYTES], PART]},
        {"n": 1, "op": "read", "parts": [[bytes(31), 0, 1]]},
        {"n": 1, "op": "read", "parts": [[bytes(32), -1, 1]]},
        {"n": 1, "op": "read", "parts": [7]},
        "x",
    ],
)
def test_malformed_question_is_refused(body: Any) -> None:
    with pytest.raises(WireError):
        Question.from_wire(body)
