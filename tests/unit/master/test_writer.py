"""The writer: group commits, a store that goes away and comes back, and rows that no store takes."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from master import writer as writer_module
from master.store import FactsRecord, JobRecord, Store, open_store
from master.writer import Writer
from shoal.clock import FakeClock
from shoal.errors import StoreError
from shoal.returns import Return
from shoal.wire import encode
from tests.integration.store.samples import NOW, answer, jid_at, job, key

PATIENCE_S = 30.0
Body = Callable[["Desk"], Awaitable[None]]


class Desk:
    """A writer at work, its store, and what it said was stored."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "master.db"
        self.store: Store = open_store(f"sqlite:///{self.path}", FakeClock(), lock_wait_s=0.02)
        self.stored: list[Return] = []
        self.batches = 0
        self.queued: list[set[str]] = []
        self.writer = Writer(
            self.store,
            self._stored,
            on_queued=lambda names: self.queued.append(set(names)),
            retry_s=0.01,
            patience_s=0.2,
        )

    def _stored(self, returns: list[Return]) -> None:
        self.batches += 1
        self.stored += returns

    @contextmanager
    def away(self) -> Iterator[None]:
        """Let the store take nothing: another process holds its lock."""
        other = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.rollback()
            other.close()

    async def until(self, condition: Callable[[], object]) -> None:
        async def wait() -> None:
            while not condition():
                await asyncio.sleep(0.005)

        await asyncio.wait_for(wait(), PATIENCE_S)


def run(folder: Path, body: Body) -> None:
    async def main() -> None:
        desk = Desk(folder)
        task = asyncio.create_task(desk.writer.run())
        try:
            await body(desk)
            assert not task.done(), "the writer must live"
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            desk.writer.close()
            desk.store.close()

    asyncio.run(main())


def returns(desk: Desk, jid: str) -> dict[str, Return]:
    return {ret.minion: ret for ret in desk.store.returns.for_job(jid)}


def test_returns_are_stored_together_and_told(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        await desk.writer.add_job(job())
        for number in range(100):
            assert desk.writer.add_return(answer(f"m{number}"))
        await desk.until(lambda: len(desk.stored) == 100)
        assert desk.batches <= 3, "what has come in the meantime goes together"
        assert len(returns(desk, job().jid)) == 100

    run(tmp_path, body)


def test_newer_facts_replace_those_that_wait(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        desk.store.minions.put(key("web1"))
        for number in range(3):
            desk.writer.add_facts(facts(number))
        await desk.until(lambda: desk.store.facts.get("web1"))
        found = desk.store.facts.get("web1")
        assert found is not None
        assert found.packed_grains == encode({"n": 2})

    run(tmp_path, body)


def facts(number: int, minion: str = "web1") -> FactsRecord:
    return FactsRecord(
        minion=minion,
        packed_grains=encode({"n": number}),
        version="0",
        boot_id="b",
        address="192.0.2.1",
        last_seen=NOW,
        reported=NOW,
    )


def test_jobs_and_returns_wait_while_the_store_is_away_and_come_back(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        with desk.away():
            await desk.writer.add_job(job(0))  # goes out all the same
            await desk.writer.add_job(job(1))
            desk.writer.add_return(answer("a"))
            desk.writer.add_facts(facts(7))
            await desk.until(lambda: desk.writer.away)
            desk.writer.add_return(answer("b"))
            assert desk.stored == []
        await desk.until(lambda: len(desk.stored) == 2)
        assert not desk.writer.away
        assert desk.store.jobs.get(jid_at(0)) is not None
        assert desk.store.jobs.get(jid_at(1)) is not None
        assert set(returns(desk, job().jid)) == {"a", "b"}

    run(tmp_path, body)


def waiting(desk: Desk, returner: str) -> list[str]:
    batch = desk.store.dispatches.next_batch(returner, max_rows=99, max_bytes=10**6, arguments=False)
    return [copy.minion for copy in batch]


def test_way_to_returners_is_stored_with_the_return_however_often_it_is_tried(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        with desk.away():
            desk.writer.add_return(answer("a"), ("hook", "file"))
            desk.writer.add_return(answer("b"))
            await desk.until(lambda: desk.writer.away)
            desk.writer.add_return(answer("c"), ("hook",))
        await desk.until(lambda: len(desk.stored) == 3)
        assert (waiting(desk, "hook"), waiting(desk, "file")) == (["a", "c"], ["a"])
        await desk.until(lambda: desk.queued)
        assert set().union(*desk.queued) == {"hook", "file"}

    run(tmp_path, body)


def test_return_beside_one_that_no_store_takes_finds_its_way(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        with desk.away():
            desk.writer.add_return(replace(answer("a"), started=10**400), ("hook",))  # no float
            desk.writer.add_return(answer("b"), ("hook",))
        await desk.until(lambda: returns(desk, job().jid))
        await desk.until(lambda: waiting(desk, "hook"))
        assert waiting(desk, "hook") == ["b"]

    run(tmp_path, body)


def test_store_that_is_away_is_logged_once_and_its_return_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def body(desk: Desk) -> None:
        with desk.away():
            desk.writer.add_return(answer("a"))
            await desk.until(lambda: desk.writer.away)
            desk.writer.add_return(answer("b"))
            await asyncio.sleep(0.1)
        await desk.until(lambda: len(desk.stored) == 2)

    run(tmp_path, body)
    assert caplog.text.count("the store does not take anything") == 1


@contextmanager
def stalled() -> Iterator[threading.Event]:
    """Give something to wait for; it comes at the latest when the test is over."""
    awake = threading.Event()
    try:
        yield awake
    finally:
        awake.set()


def test_stalled_store_holds_up_one_order_for_a_while_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body(desk: Desk) -> None:
        real = desk.store.jobs.add
        with stalled() as awake:

            def add(record: JobRecord) -> None:
                awake.wait(PATIENCE_S)
                real(record)

            monkeypatch.setattr(desk.store.jobs, "add", add)
            await desk.writer.add_job(job(0))
            assert desk.writer.stalled
            await asyncio.wait_for(desk.writer.add_job(job(1)), 0.1)
            with pytest.raises(StoreError, match="does not answer"):
                await asyncio.wait_for(desk.writer.promise(desk.store.settings.put, "a", 1), 0.1)
            desk.writer.add_return(answer("a"))
        await desk.until(lambda: len(desk.stored) == 1 and not desk.writer.away)
        assert not desk.writer.stalled
        assert desk.store.jobs.get(jid_at(0)) is not None
        assert desk.store.jobs.get(jid_at(1)) is not None

    run(tmp_path, body)


def test_store_that_had_stalled_counts_as_back_by_itself(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        with stalled() as awake:
            with pytest.raises(StoreError, match="does not answer"):
                await desk.writer.promise(awake.wait, PATIENCE_S)
            assert desk.writer.away
        await desk.until(lambda: not desk.writer.away)
        await desk.writer.promise(desk.store.settings.put, "a", 1)

    run(tmp_path, body)


def test_operator_is_told_of_a_stalled_store_and_what_was_asked_for_is_still_done(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        with stalled() as awake:
            asyncio.get_running_loop().run_in_executor(desk.writer._thread, awake.wait, PATIENCE_S)
            with pytest.raises(StoreError, match="does not answer; what was asked for may still be done"):
                await desk.writer.patiently(desk.writer.call(desk.store.settings.put, "a", 1))
        await desk.until(lambda: desk.store.settings.get("a") == 1)

    run(tmp_path, body)


def test_question_that_takes_long_is_waited_for_while_the_store_answers(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        awake = threading.Event()
        asyncio.get_running_loop().call_later(0.5, awake.set)
        assert await desk.writer.patiently(desk.writer.read(awake.wait, PATIENCE_S))

    run(tmp_path, body)


def test_returns_beyond_the_bound_are_refused_and_room_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "_MAX_BYTES", 10_000)

    async def body(desk: Desk) -> None:
        large = {"packed": encode("x" * 3000)}
        with desk.away():
            taken = [desk.writer.add_return(answer(f"m{number}", **large)) for number in range(5)]
            assert taken == [True, True, True, False, False]
            assert desk.writer.dropped == 2
        await desk.until(lambda: len(desk.stored) == 3)
        assert desk.writer.add_return(answer("late", **large))
        await desk.until(lambda: len(desk.stored) == 4)

    run(tmp_path, body)


@pytest.mark.parametrize("alone", [True, False])
def test_row_that_no_store_takes_is_left_out_and_holds_up_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, alone: bool
) -> None:
    async def body(desk: Desk) -> None:
        poison = replace(answer("poison"), retcode=2**70)  # could not come over the wire
        desk.writer.add_return(poison)
        if not alone:
            await desk.writer.add_job(job())
            for number in range(10):
                desk.writer.add_return(answer(f"m{number}"))
        await desk.until(lambda: len(desk.stored) == (1 if alone else 11))
        assert "poison" not in returns(desk, job().jid)
        assert len(returns(desk, job().jid)) == (0 if alone else 10)
        assert not desk.writer.away
        desk.writer.add_return(answer("after"))
        await desk.until(lambda: "after" in returns(desk, job().jid))

    run(tmp_path, body)
    assert "return 20270115080000000000 of poison cannot be stored" in caplog.text


def test_error_of_a_kind_nobody_expected_does_not_end_the_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body(desk: Desk) -> None:
        failures = iter([TypeError("a bug"), TypeError("a bug"), RuntimeError("another")])
        real_batch, real_put = desk.store.commit_batch, desk.store.settings.put

        def commit_batch(**rows: object) -> object:
            error = next(failures, None)
            if error is not None:
                raise error
            return real_batch(**rows)  # type: ignore[arg-type]

        def put(name: str, value: object) -> None:
            raise_away = next(failures, None)
            if raise_away is not None:
                raise StoreError("away")
            real_put(name, value)

        monkeypatch.setattr(desk.store, "commit_batch", commit_batch)
        monkeypatch.setattr(desk.store.settings, "put", put)
        desk.writer.add_return(answer("a"))
        await desk.until(lambda: len(desk.stored) == 1)
        assert set(returns(desk, job().jid)) == {"a"}

    run(tmp_path, body)


def test_store_that_goes_away_between_single_rows_costs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A poison row makes the writer go row by row; the store's end in the middle is not the rows' fault."""

    async def body(desk: Desk) -> None:
        real = desk.store.commit_batch
        calls = 0
        lock = desk.away()

        def commit_batch(**rows: object) -> object:
            nonlocal calls
            calls += 1
            if calls == 4:
                lock.__enter__()
            return real(**rows)  # type: ignore[arg-type]

        monkeypatch.setattr(desk.store, "commit_batch", commit_batch)
        for number in range(6):
            desk.writer.add_return(answer(f"m{number}"))
        desk.writer.add_return(replace(answer("poison"), retcode=2**70))
        await desk.until(lambda: desk.writer.away)
        assert desk.stored == [], "nothing is acknowledged that is not on the disk"
        lock.__exit__(None, None, None)
        await desk.until(lambda: len(desk.stored) == 7)
        assert set(returns(desk, job().jid)) == {f"m{number}" for number in range(6)}

    run(tmp_path, body)


def test_what_waits_is_written_at_the_end(tmp_path: Path) -> None:
    async def main() -> None:
        desk = Desk(tmp_path)
        desk.writer.add_return(answer("a"))
        await desk.writer.flush()
        await desk.writer.flush()
        assert set(returns(desk, job().jid)) == {"a"}
        desk.writer.close()
        desk.store.close()

    asyncio.run(main())
