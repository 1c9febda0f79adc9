"""Late words: the store is asked once for each job, and what waits for its answer is bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from master import late as late_module
from master.late import LateWords
from master.runs import Run, Runs
from master.store import Store, open_store
from master.writer import Writer
from shoal.clock import FakeClock
from shoal.errors import StoreError
from shoal.returns import Return
from shoal.wire import encode
from tests.integration.store.samples import answer, jid_at, job

Verdicts = list[tuple[Run | None, Return]]


class Desk:
    """Late words, a store, and the verdicts."""

    def __init__(self, folder: Path) -> None:
        self.store: Store = open_store(f"sqlite:///{folder}/master.db", FakeClock())
        self.writer = Writer(self.store, lambda _returns: None)
        self.runs = Runs()
        self.late = LateWords(self.store, self.writer, self.runs)
        self.verdicts: Verdicts = []

    def ask(self, ret: Return) -> bool:
        return self.late.ask(ret.jid, len(ret.packed), lambda run: self.verdicts.append((run, ret)))

    async def wait(self, count: int) -> None:
        await _until(lambda: len(self.verdicts) >= count)


async def _until(condition: Callable[[], object]) -> None:
    async def wait() -> None:
        while not condition():
            await asyncio.sleep(0.005)

    await asyncio.wait_for(wait(), 30)


def run(folder: Path, body: Callable[[Desk], Awaitable[None]]) -> None:
    async def main() -> None:
        desk = Desk(folder)
        try:
            await body(desk)
        finally:
            desk.writer.close()
            desk.store.close()

    asyncio.run(main())


def test_stored_job_is_recalled_with_what_came_before(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        desk.store.jobs.add(job(targets=("web1", "web2"), returners=("hook",)))
        desk.store.commit_batch(returns=[answer("web1")])
        assert desk.ask(answer("web2"))
        await desk.wait(1)
        ((found, ret),) = desk.verdicts
        assert found is not None
        assert (found.targets, found.returned, ret.minion) == ({"web1", "web2"}, {"web1"}, "web2")
        assert found.returners == ("hook",)
        assert desk.runs.get(job().jid) is found, "the next one finds it in memory"

    run(tmp_path, body)


def test_unknown_job_is_told_as_such(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        desk.ask(answer("web1"))
        await desk.wait(1)
        assert desk.verdicts == [(None, answer("web1"))]

    run(tmp_path, body)


def test_job_is_looked_up_once_for_all_who_ask_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body(desk: Desk) -> None:
        desk.store.jobs.add(job(targets=tuple(f"m{number}" for number in range(500))))
        looks: list[str] = []
        real = desk.store.jobs.get
        monkeypatch.setattr(desk.store.jobs, "get", lambda jid: (looks.append(jid), real(jid))[1])
        for number in range(500):
            desk.ask(answer(f"m{number}"))
        await desk.wait(500)
        assert looks == [job().jid]
        assert len({id(found) for found, _ in desk.verdicts}) == 1

    run(tmp_path, body)


def test_store_that_is_away_gives_no_verdict_and_the_minion_asks_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def body(desk: Desk) -> None:
        def away(jid: str) -> None:
            raise StoreError("away")

        desk.store.jobs.add(job())
        with monkeypatch.context() as patch:
            patch.setattr(desk.store.jobs, "get", away)
            desk.ask(answer("web1"))
            await _until(lambda: "cannot look up job" in caplog.text)
        assert desk.verdicts == []
        desk.ask(answer("web1"))
        await desk.wait(1)
        assert desk.verdicts[0][0] is not None

    run(tmp_path, body)


@pytest.mark.parametrize(
    ("bound", "value"), [("_MAX_WAITING", 10), ("_MAX_BYTES", 10 * len(encode("x" * 500)))]
)
def test_what_waits_is_bounded_and_room_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str, value: int
) -> None:
    monkeypatch.setattr(late_module, bound, value)

    async def body(desk: Desk) -> None:
        taken = [desk.ask(answer("web1", jid_at(number), packed=encode("x" * 500))) for number in range(20)]
        assert taken == [True] * 10 + [False] * 10
        await desk.wait(10)
        assert desk.ask(answer("web1", jid_at(99)))
        await desk.wait(11)

    run(tmp_path, body)
