"""What boxes say of a job while it runs: believed of its targets only, while it runs, and if it was asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from master.runs import MAX_LIVE_BYTES, Run, Watch
from shoal.messages import ACK, HEARD
from shoal.progress import MAX_TEXT_BYTES, JobProgress
from shoal.returns import Return
from shoal.wire import encode
from tests.unit.master.reception import Reception, run

JID = "20270115080000000001"
REFUSED = "progress refused: not asked for"


def said(seq: int = 1, **changes: Any) -> dict[str, Any]:
    return {"jid": JID, "seq": seq, "kind": "output", "text": "a line\n"} | changes


def watched(room: Reception, *targets: str, stream: bool = True) -> tuple[Run, Watch]:
    job, watch = room.runs.open(JID, "cmd.run", targets, stream=stream), Watch()
    job.watches.append(watch)
    return job, watch


def told(room: Reception) -> list[tuple[str, Any]]:
    return [(each.tag, each.data) for each in room.events if "/prog/" in each.tag]


def test_piece_of_a_target_reaches_who_watches_and_who_listens(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        box = await room.online("a")
        _, watch = watched(room, "a", "b")
        assert await box.say("progress", said()) == [(HEARD, [JID, 1])]
        assert watch.take() == [JobProgress(**said(), minion="a")]
        assert told(room) == [(f"shoal/job/{JID}/prog/a", {**said(), "id": "a"})]

    run(tmp_path, body)


def test_piece_from_a_minion_that_is_no_target_is_refused(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        liar = await room.online("liar")
        _, watch = watched(room, "a")
        assert await liar.say("progress", said()) == []
        assert (watch.take(), told(room), room.counters[REFUSED]) == ([], [], 1)

    run(tmp_path, body)


@pytest.mark.parametrize("case", ["not asked for", "no such job"])
def test_piece_that_nobody_asked_for_is_refused(tmp_path: Path, case: str) -> None:
    async def body(room: Reception) -> None:
        box = await room.online("a")
        _, watch = watched(room, "a", stream=case != "not asked for")
        jid = JID if case == "not asked for" else "20270115080000000002"
        assert await box.say("progress", said(jid=jid)) == []
        assert (watch.take(), told(room), room.counters[REFUSED]) == ([], [], 1)

    run(tmp_path, body)


def test_piece_behind_the_return_is_refused(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        box = await room.online("a")
        job, watch = watched(room, "a")
        ret = Return(
            jid=JID,
            fun="cmd.run",
            outcome="done",
            retcode=0,
            packed=encode("all"),
            started=1.0,
            duration_s=0.1,
        )
        job.take(Return.from_wire(ret.to_wire(), "a"))
        watch.take()
        assert await box.say("progress", said()) == []
        assert (watch.take(), room.counters[REFUSED]) == ([], 1)

    run(tmp_path, body)


@pytest.mark.parametrize(
    "changes",
    [
        {"seq": 0}, {"seq": -1}, {"seq": "1"}, {"kind": "return"}, {"jid": "1"}, {"text": b"x"},
        {"text": "x" * (MAX_TEXT_BYTES + 1)}, {"text": "é" * MAX_TEXT_BYTES}, {"id": "b"}, {"minion": "b"},
    ],
    ids=lambda changes: str(changes)[:40],
)  # fmt: skip
def test_malformed_piece_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    async def body(room: Reception) -> None:
        box = await room.online("a")
        _, watch = watched(room, "a")
        assert await box.say("progress", said(**changes)) == []
        assert (watch.take(), told(room)) == ([], [])
        assert room.counters["message refused: malformed"] == 1

    run(tmp_path, body)


def test_reader_that_does_not_keep_up_gets_no_more_than_a_bound_and_every_return() -> None:
    watch = Watch()
    piece = JobProgress(**said(text="x" * MAX_TEXT_BYTES), minion="a")
    taken = sum(watch.tell(piece) for _ in range(2000))
    assert MAX_LIVE_BYTES // 2 < taken * MAX_TEXT_BYTES <= MAX_LIVE_BYTES
    ret = Return(
        jid=JID, fun="cmd.run", outcome="done", retcode=0, packed=encode("all"), started=1.0, duration_s=0.1
    )
    watch.put(ret)
    assert watch.take()[-1] is ret
    assert watch.tell(piece), "what was read makes room"


def test_box_hears_nothing_when_nobody_reads_any_more(tmp_path: Path) -> None:
    """Without an answer its window stays shut, and it spares the connection."""

    async def body(room: Reception) -> None:
        box = await room.online("a")
        job, watch = watched(room, "a")
        job.watches.remove(watch)
        room.bus.unsubscribe(room.bus._subscriptions[0])
        assert await box.say("progress", said()) == []
        assert ACK not in dict(box.take())

    run(tmp_path, body)
