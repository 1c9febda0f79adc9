"""The master's outbox on a real store: what is sent to whom, when again, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import pytest

from master.outbox import Outbox
from master.publisher import Sent
from master.store import Store
from master.writer import Writer
from shoal.clock import FakeClock
from shoal.job import Job
from tests.integration.store.samples import JID, NOW, answer, jid_at, job

Act = Callable[["Scene"], Awaitable[None]]


class Scene:
    """An outbox, a writer, and minions that are there or not."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.clock = clock
        self.store = store
        self.there: set[str] = set()
        self.published: list[tuple[str, str]] = []
        self.cancelled: list[tuple[str, str]] = []
        self.writer = Writer(store, lambda _returns: None, retry_s=0.01)
        self.outbox = self.fresh()

    def fresh(self) -> Outbox:
        """Return an outbox as after a restart of the master."""
        outbox = Outbox(
            fleet="f", store=self.store, writer=self.writer, sessions=self, now=self.clock.time, random=Random(1)  # type: ignore[arg-type]
        )  # fmt: skip
        outbox.publisher = self  # type: ignore[assignment]
        outbox.load()
        return outbox

    def present(self, minion: str) -> bool:
        return minion in self.there

    def publish(self, job: Job, targets: list[str]) -> Sent:
        reached = [minion for minion in targets if minion in self.there]
        self.published += [(job.jid, minion) for minion in reached]
        return Sent(reached, [minion for minion in targets if minion not in self.there])

    def cancel(self, job: Job, minion: str) -> bool:
        if minion in self.there:
            self.cancelled.append((job.jid, minion))
        return minion in self.there

    async def come(self, minion: str) -> None:
        """Let a minion connect, and give the outbox time to look."""
        self.there.add(minion)
        self.outbox.came(minion)
        await self.settle(0.15)

    async def settle(self, seconds: float = 0.0) -> None:
        """Let what is under way come to its end, and store it."""
        await asyncio.sleep(seconds)
        while self.outbox._tasks:
            await asyncio.gather(*self.outbox._tasks)
        await self.writer.flush()

    def states(self, jid: str = JID) -> dict[str, str]:
        return {row.minion: row.state for row in self.store.deliveries.for_job(jid)}


def play(store: Store, clock: FakeClock, act: Act) -> None:
    async def all_of_it() -> None:
        scene = Scene(store, clock)
        await act(scene)
        scene.writer.close()

    asyncio.run(all_of_it())


def queued(store: Store, seconds: float = 0.0, **more: Any) -> None:
    store.jobs.add(job(seconds, **{"mode": "queue", "expires": NOW + 3600, **more}))


def test_minion_that_comes_gets_what_waits_oldest_first(store: Store, clock: FakeClock) -> None:
    async def act(scene: Scene) -> None:
        for seconds in (2, 0, 1):
            queued(store, seconds)
        scene.outbox = scene.fresh()
        await scene.come("web1")
        await scene.come("db1")
        assert scene.published == [(jid_at(seconds), "web1") for seconds in (0, 1, 2)]
        assert scene.states() == {"web1": "sent", "web2": "queued"}

    play(store, clock, act)


def test_what_was_sent_is_sent_again_until_it_is_acknowledged(store: Store, clock: FakeClock) -> None:
    async def act(scene: Scene) -> None:
        queued(store)
        scene.outbox = scene.fresh()
        await scene.come("web1")
        scene.outbox._look_soon("web1")
        await scene.settle()
        assert len(scene.published) == 1, "it is on its way"
        clock.advance(20)
        scene.outbox._look_soon("web1")
        await scene.settle()
        assert len(scene.published) == 2
        await scene.come("web1")
        assert len(scene.published) == 3, "a new connection: what was on the old one may be lost"
        scene.outbox.received("web1", [JID])
        await scene.settle()
        assert scene.states()["web1"] == "received"
        clock.advance(3000)
        await scene.come("web1")
        assert len(scene.published) == 3

    play(store, clock, act)


def test_return_ends_the_delivery_in_its_own_transaction(store: Store, clock: FakeClock) -> None:
    async def act(scene: Scene) -> None:
        queued(store)
        scene.outbox = scene.fresh()
        await scene.come("web1")
        scene.outbox.started("web1", JID)
        scene.writer.add_return(answer("web1"))
        scene.outbox.returned("web1", JID)
        await scene.settle()
        assert scene.states() == {"web1": "returned", "web2": "queued"}
        scene = Scene(store, clock)
        await scene.come("web1")
        assert scene.published == []

    play(store, clock, act)


def test_expired_jobs_are_not_sent(store: Store, clock: FakeClock) -> None:
    async def act(scene: Scene) -> None:
        queued(store, expires=NOW + 10)
        scene.outbox = scene.fresh()
        clock.advance(11)
        await scene.come("web1")
        assert scene.published == []
        assert await scene.outbox.expire() == 2
        assert scene.states() == {"web1": "expired", "web2": "expired"}

    play(store, clock, act)


def test_many_jobs_go_out_some_at_a_time(store: Store, clock: FakeClock) -> None:
    async def act(scene: Scene) -> None:
        for seconds in range(50):
            queued(store, seconds)
        scene.outbox = scene.fresh()
        await scene.come("web1")
        assert len(scene.published) == 20
        while len(scene.published) < 50:
            before = len(scene.published)
            scene.outbox.received("web1", [jid for jid, _ in scene.published])
            await scene.settle()
            scene.outbox._look_soon("web1")
            await scene.settle()
            assert len(scene.published) > before
        assert len(set(scene.published)) == 50

    play(store, clock, act)


@pytest.mark.parametrize("when", ["before it is asked", "after it was asked"])
def test_minion_that_comes_and_says_that_it_runs_the_job_is_asked_to_end_it(
    store: Store, clock: FakeClock, when: str
) -> None:
    async def act(scene: Scene) -> None:
        queued(store)
        scene.outbox = scene.fresh()
        await scene.come("web1")
        await scene.outbox.cancel(JID, "web1")
        await scene.settle()
        before = len(scene.cancelled)
        scene.outbox.came("web1")
        if when == "before it is asked":
            scene.outbox.started("web1", JID)
        await scene.come("web1")
        assert len(scene.cancelled) > before
        before = len(scene.cancelled)
        scene.outbox.started("web1", JID)
        clock.advance(20)
        scene.outbox.look_around()
        await scene.settle()
        assert len(scene.cancelled) > before, "the first word may have come before the box knew what runs"

    play(store, clock, act)


def test_what_was_sent_is_taken_back_from_its_minion_again_and_again(store: Store, clock: FakeClock) -> None:
    async def act(scene: Scene) -> None:
        queued(store)
        scene.outbox = scene.fresh()
        await scene.come("web1")
        done = await scene.outbox.cancel(JID, "")
        assert ([d.minion for d in done.cancelled], [d.minion for d in done.asked]) == (["web2"], ["web1"])
        await scene.settle()
        assert scene.cancelled == [(JID, "web1")]
        scene.outbox._look_soon("web1")
        await scene.settle()
        assert len(scene.cancelled) == 1, "it is on its way"
        clock.advance(20)
        scene.outbox._look_soon("web1")
        await scene.settle()
        assert len(scene.cancelled) == 2
        scene.writer.add_return(answer("web1", outcome="cancelled", retcode=1))
        scene.outbox.returned("web1", JID)
        await scene.settle()
        await scene.come("web1")
        assert len(scene.cancelled) == 2
        assert scene.states() == {"web1": "returned", "web2": "cancelled"}
        assert len(scene.published) == 1

    play(store, clock, act)


def test_job_that_is_being_taken_back_is_not_sent_meanwhile(store: Store, clock: FakeClock) -> None:
    async def act(scene: Scene) -> None:
        queued(store)
        scene.outbox = scene.fresh()
        scene.there.add("web1")
        asking = asyncio.create_task(scene.outbox.cancel(JID, "web1"))
        await asyncio.sleep(0)
        scene.outbox._look_soon("web1")
        done = await asking
        await scene.settle()
        assert [d.minion for d in done.cancelled] == ["web1"]
        assert scene.published == []

    play(store, clock, act)


def test_superseded_job_is_not_sent_again(store: Store, clock: FakeClock) -> None:
    async def act(scene: Scene) -> None:
        queued(store, mode="desired", channel="c")
        scene.outbox = scene.fresh()
        await scene.come("web1")
        queued(store, 1, mode="desired", channel="c")
        clock.advance(20)
        scene.outbox._look_soon("web1")
        await scene.settle()
        assert scene.published == [(JID, "web1"), (jid_at(1), "web1")]
        assert scene.states() == {"web1": "superseded", "web2": "superseded"}
        assert JID not in scene.outbox._due["web1"]

    play(store, clock, act)


def test_acknowledgements_that_the_store_does_not_know_yet_do_not_hold_up_the_next_jobs(
    store: Store, clock: FakeClock
) -> None:
    async def act(scene: Scene) -> None:
        for seconds in range(50):
            queued(store, seconds)
        scene.outbox = scene.fresh()
        await scene.come("web1")
        assert len(scene.published) == 20
        scene.outbox.received("web1", [jid for jid, _ in scene.published])
        await asyncio.gather(*scene.outbox._tasks)
        assert len(scene.published) == 40

    play(store, clock, act)


def test_minion_that_is_heard_again_over_its_old_connection_gets_what_was_queued_meanwhile(
    store: Store, clock: FakeClock
) -> None:
    async def act(scene: Scene) -> None:
        queued(store)
        scene.outbox = scene.fresh()
        scene.there.add("web1")
        clock.advance(2)
        scene.outbox.look_around()
        await scene.settle()
        assert scene.published == [(JID, "web1")]

    play(store, clock, act)


def test_running_job_is_given_up_a_week_after_its_expiry_by_a_master_that_was_there(
    store: Store, clock: FakeClock
) -> None:
    async def act(scene: Scene) -> None:
        queued(store)
        scene.outbox = scene.fresh()
        await scene.come("web1")
        scene.outbox.started("web1", JID)
        await scene.settle()
        clock.advance(8 * 86_400)
        scene.outbox = scene.fresh()
        assert await scene.outbox.expire() == 1, "the one for web2, which never came"
        clock.advance(86_400)
        assert await scene.outbox.expire() == 1
        assert scene.states() == {"web1": "outcome_unknown", "web2": "expired"}

    play(store, clock, act)
