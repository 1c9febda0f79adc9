"""A jid that another master has given to a job by now: the order is carried out under the next one."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import pytest

from master.acl import Acl, Caller
from master.backplane import LocalBackplane
from master.conductor import Conductor, Defaults
from master.events import EventBus
from master.intake import Order
from master.roster import Roster
from master.runs import Runs
from master.sessions import Sessions
from master.store import Store
from master.writer import Writer
from shoal.clock import FakeClock
from shoal.errors import StoreError
from shoal.ids import JidMaker
from shoal.targets import Target

from .samples import NOW, job


class NoOutbox:
    """Takes what waits, and forgets it."""

    def add(self, *_: Any) -> None:
        """Take a job."""


def conductor(store: Store, clock: FakeClock, writer: Writer) -> Conductor:
    roster = Roster({})
    roster.ensure("web1", {})
    nothing: Any = None
    outbox: Any = NoOutbox()
    return Conductor(
        fleet="f", roster=roster, acl=Acl({}, roster), sessions=Sessions(clock.monotonic, 45.0), runs=Runs(),
        writer=writer, publisher=nothing, outbox=outbox, store_job=store.jobs.add,
        bus=EventBus(clock.time, LocalBackplane()), check_returners=lambda _names: None, clock=clock, now=clock.time,
        defaults=Defaults(timeout_s=5, expires_s=60, job_timeout_s=0), rules=(), jids=JidMaker(), random=Random(1),
    )  # fmt: skip


def begin(store: Store, clock: FakeClock, mode: str) -> str:
    async def act() -> str:
        writer = Writer(store, lambda _returns: None)
        try:
            target = Target(kind="glob", expr="web*").to_wire()
            order = Order.from_wire({"op": "run", "target": target, "fun": "test.ping", "mode": mode})
            return (await conductor(store, clock, writer).begin(order, Caller(0, 1))).jid
        finally:
            writer.close()

    return asyncio.run(act())


@pytest.mark.parametrize("mode", ["now", "queue"])
def test_next_jid_is_taken_when_another_master_has_this_one(
    store: Store, clock: FakeClock, mode: str
) -> None:
    taken = [job(number / 1_000_000) for number in range(3)]
    for record in taken:
        store.jobs.add(record)
    jid = begin(store, clock, mode)
    assert jid == JidMaker().new(NOW + 3 / 1_000_000)
    assert store.jobs.get(jid) is not None
    assert all(store.jobs.get(record.jid) == record for record in taken)


def test_search_for_a_free_jid_ends(store: Store, clock: FakeClock) -> None:
    for number in range(10):
        store.jobs.add(job(number / 1_000_000))
    with pytest.raises(StoreError, match="no free jid"):
        begin(store, clock, "queue")
