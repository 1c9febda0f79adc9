"""The dispatcher: who gets which return, its threads, what it tells the master's loop; nothing without returners."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import event

from master.backplane import LocalBackplane
from master.dispatch.dispatcher import Dispatcher
from master.events import EventBus
from master.intake import IntakeError
from master.store import Store, open_store
from returners.contract import Batch
from returners.memory import MemoryOptions, MemoryReturner
from returners.sql import SqlOptions
from shoal.clock import FakeClock, SystemClock
from shoal.errors import ArgumentError, ConfigError, ReceiverAwayError
from shoal.secret import Secret
from tests.integration.store.samples import JID, answer, job

PATIENCE_S = 15.0


class Desk:
    """A dispatcher over a store in a file."""

    def __init__(
        self, store: Store, *default: str, names: tuple[str, ...] = ("hook", "file"), **options: Any
    ) -> None:
        self.store = store
        self.counters: Counter[str] = Counter()
        self.bus = EventBus(FakeClock().time, LocalBackplane())
        self.dispatcher = Dispatcher(
            returners={name: MemoryOptions(type="memory", **options) for name in names}, default=default,
            queue=store.dispatches, bus=self.bus, counters=self.counters, clock=SystemClock(), random=Random(1),
        )  # fmt: skip

    def returner(self, name: str) -> MemoryReturner:
        made: Any = self.dispatcher.worker(name)._returner
        assert isinstance(made, MemoryReturner)
        return made

    def queue(self, *minions: str, name: str = "hook") -> None:
        answers = [answer(minion) for minion in minions]
        self.store.commit_batch(returns=answers, wanted={(JID, minion): (name,) for minion in minions})
        self.dispatcher.wake({name, "no such"})


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with open_store(f"sqlite:///{tmp_path}/master.db", FakeClock()) as opened:
        yield opened


def run(desk: Desk, body: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        desk.dispatcher.start()
        try:
            await body()
        finally:
            await asyncio.to_thread(desk.dispatcher.stop)

    asyncio.run(main())


async def until(condition: Callable[[], object]) -> None:
    async def wait() -> None:
        while not condition():
            await asyncio.sleep(0.005)

    await asyncio.wait_for(wait(), PATIENCE_S)


def threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("returner-")]


def test_asked_for_and_default_returners_get_a_return_once(store: Store) -> None:
    dispatcher = Desk(store, "file").dispatcher
    assert dispatcher.names_for(()) == ("file",)
    assert dispatcher.names_for(("hook", "file", "hook")) == ("file", "hook")
    assert dispatcher.names_for(("gone",)) == ("file",)
    assert (dispatcher.names(), dispatcher.is_default("file"), dispatcher.is_default("hook")) == (
        ["hook", "file"], True, False,
    )  # fmt: skip


def test_unknown_returner_is_refused_with_the_near_name(store: Store) -> None:
    dispatcher = Desk(store).dispatcher
    dispatcher.check_names(["file", "hook"])
    with pytest.raises(IntakeError, match=r"^no returner is called 'hoook'\. Did you mean 'hook'\?$"):
        dispatcher.check_names(["file", "hoook"])
    with pytest.raises(ArgumentError, match=r"^no returner is called 'mail'\. Use one of: file, hook$"):
        dispatcher.worker("mail")


def test_without_returners_there_is_no_thread_and_no_statement(store: Store) -> None:
    desk = Desk(store, names=())
    said: list[str] = []
    event.listen(store.database.engine, "before_cursor_execute", lambda *call: said.append(call[2]))

    async def body() -> None:
        said.clear()  # at the start it looks once for what an earlier configuration left
        wanted = desk.dispatcher.names_for(("hook",))
        store.commit_batch(jobs=[job()], returns=[answer()], wanted={(JID, "web1"): wanted} if wanted else {})
        assert not threads()

    run(desk, body)
    assert not [each for each in said if "dispatches" in each or "dead_letters" in each]
    assert [each for each in said if "INSERT INTO returns" in each]


def test_what_is_queued_is_delivered_at_once_by_a_thread_of_its_own(store: Store) -> None:
    desk = Desk(store)

    async def body() -> None:
        assert sorted(threads()) == ["returner-file", "returner-hook"]
        for minion in ("web1", "web2"):
            desk.queue(minion)
            await until(lambda minion=minion: (JID, minion) in desk.returner("hook").taken)
        assert not desk.returner("file").taken

    run(desk, body)
    assert not threads()


def test_what_an_earlier_run_left_is_delivered_at_the_start(store: Store) -> None:
    Desk(store).queue("web1")
    desk = Desk(store)

    async def body() -> None:
        await until(lambda: desk.returner("hook").taken)

    run(desk, body)


def test_loop_is_told_of_a_receiver_that_is_away_and_back(store: Store) -> None:
    desk = Desk(store, retry_max_s=0.1)
    desk.returner("hook").error = ReceiverAwayError("gone fishing")

    async def body() -> None:
        heard = desk.bus.subscribe("shoal/returner/*")
        desk.queue("web1")
        first = await asyncio.wait_for(heard.__anext__(), PATIENCE_S)
        assert (first.tag, first.data) == (
            "shoal/returner/hook/away", {"returner": "hook", "error": "gone fishing"},
        )  # fmt: skip
        desk.returner("hook").error = None
        second = await asyncio.wait_for(heard.__anext__(), PATIENCE_S)
        assert second.tag == "shoal/returner/hook/back"
        assert desk.counters["returner hook: away"] == 1

    run(desk, body)


def test_returner_that_waits_after_a_failure_goes_on_when_hurried_only(store: Store) -> None:
    desk = Desk(store, retry_max_s=86400.0)
    desk.returner("hook").error = ReceiverAwayError("gone")

    async def body() -> None:
        desk.queue("web1")
        standing = desk.dispatcher.worker("hook").standing
        for number in range(1, 30):  # by now it would wait for hours
            await until(lambda number=number: standing.tries >= number)
            desk.dispatcher.hurry("hook")
        await until(lambda: standing.tries >= 30)
        for number in range(20):
            desk.queue(f"box{number}")
        desk.queue("web2", name="file")
        await until(lambda: desk.returner("file").taken)
        assert standing.tries == 30, "what is queued meanwhile is no reason to ask sooner"
        desk.returner("hook").error = None
        desk.dispatcher.hurry("hook")
        await until(lambda: desk.returner("hook").taken)

    run(desk, body)


def test_receiver_that_does_not_answer_holds_up_nobody_else_and_no_stop(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(store)
    stuck, go_on = threading.Event(), threading.Event()

    def deliver(_batch: Batch) -> None:
        stuck.set()
        go_on.wait(PATIENCE_S)

    monkeypatch.setattr(desk.returner("hook"), "deliver", deliver)
    monkeypatch.setattr("master.dispatch.dispatcher._STOP_S", 0.05)

    async def body() -> None:
        desk.queue("web1")
        await until(stuck.is_set)
        desk.queue("web2", name="file")
        await until(lambda: desk.returner("file").taken)

    run(desk, body)
    assert threads() == ["returner-hook"]
    go_on.set()
    for each in threading.enumerate():
        if each.name == "returner-hook":
            each.join(PATIENCE_S)


def test_check_asks_beside_the_loop(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(store)
    go_on, where = threading.Event(), set[str]()

    def check() -> None:
        where.add(threading.current_thread().name)
        go_on.wait(PATIENCE_S)
        raise ReceiverAwayError("not now")

    monkeypatch.setattr(desk.returner("hook"), "check", check)

    async def body() -> None:
        await desk.dispatcher.check("file")
        asking = asyncio.ensure_future(desk.dispatcher.check("hook"))
        gone = asyncio.ensure_future(desk.dispatcher.check("hook"))
        await until(lambda: where)
        gone.cancel()
        go_on.set()
        with pytest.raises(ReceiverAwayError, match=r"^not now$"):
            await asking
        with pytest.raises(ArgumentError, match="no returner is called 'x'"):
            await desk.dispatcher.check("x")

    run(desk, body)
    assert where == {"check-hook"}


def test_returns_for_a_returner_that_is_gone_are_said_at_the_start(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    Desk(store).queue("web1", "web2")
    desk = Desk(store, names=("file",))

    async def body() -> None:
        """Only start."""

    run(desk, body)
    assert "2 returns wait for returner hook, which is not configured" in caplog.text


def test_returner_that_cannot_be_made_is_named(store: Store) -> None:
    with pytest.raises(
        ConfigError, match=r"^returner 'copies': 'url' is not driver://user:password@host/name$"
    ):
        Dispatcher(
            returners={"copies": SqlOptions(type="sql", url=Secret("nonsense"))}, default=(), queue=store.dispatches,
            bus=EventBus(FakeClock().time, LocalBackplane()), counters=Counter(), clock=FakeClock(), random=Random(1),
        )  # fmt: skip
