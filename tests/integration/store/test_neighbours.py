"""What one of two masters looks up of the other's doings; all of it again after it could not look for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, Final

import pytest
from sqlalchemy import text

from master.backplane import LocalBackplane
from master.events import EventBus
from master.keyring import Keyring
from master.keyroom import KeyRoom
from master.keystore import load_entries
from master.neighbours import Neighbours
from master.roster import Roster
from master.sessions import Session, Sessions
from master.store import FactsRecord, Store, open_store
from master.store.schema import metadata
from master.writer import Writer
from shoal.clock import FakeClock
from shoal.targets import Target
from shoal.wire import encode

from .samples import NOW, job, key

BOX: Final = "web1"
LONG_S: Final = 600.0


class Second:
    """The rooms of a master that learn from another one's store."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        nothing: Any = None
        now = clock.time
        self.keyring = Keyring(load_entries(store), max_pending=10, now=now)
        self.sessions = Sessions(clock.monotonic, 45.0)
        self.roster = Roster({})
        for entry in self.keyring.entries():
            self.roster.ensure(entry.id, {})
        self.found: list[tuple[str, str, str]] = []
        self.writer = Writer(store, lambda _returns: None)
        outbox: Any = SimpleNamespace(found=self.found.extend)
        keys = KeyRoom(
            keyring=self.keyring,
            keys=nothing,
            sessions=self.sessions,
            roster=self.roster,
            bus=EventBus(now, LocalBackplane()),
            identity=nothing,
            on_decided=lambda _peer: None,
        )
        self.neighbours = Neighbours(
            store=store,
            writer=self.writer,
            keys=keys,
            roster=self.roster,
            sessions=self.sessions,
            outbox=outbox,
            greet_again=lambda _minion: None,
            use_masters=lambda stored: stored,
            now=now,
            monotonic=clock.monotonic,
        )

    def look(self, times: int = 1) -> None:
        async def looks() -> None:
            for _ in range(times):
                await self.neighbours.look()

        asyncio.run(looks())

    def rack(self) -> str:
        """Return what is known here of where the box is."""
        places = ("left", "right", "own", "stored")
        found = [
            place for place in places if self.roster.resolve(Target(kind="grain", expr=f"rack:{place}")).ids
        ]
        return "".join(found)


@pytest.fixture
def shared(module_database: str, clock: FakeClock) -> Iterator[Store]:
    """The store that two masters share."""
    with open_store(module_database, clock, lock_wait_s=1.0) as opened:
        opened.minions.put(key(BOX, 1))
        yield opened
        with opened.database.write() as connection:
            connection.execute(text("TRUNCATE " + ", ".join(metadata.tables)))


@pytest.fixture
def second(shared: Store, clock: FakeClock) -> Iterator[Second]:
    made = Second(shared, clock)
    made.look()
    yield made
    made.writer.close()


def report(store: Store, at: float, rack: str, minion: str = BOX) -> None:
    """Store grains that another master has been told at epoch second `at`."""
    packed = encode({"grains": {"id": minion, "rack": rack}, "digest": rack.encode()})
    store.facts.put(
        [
            FactsRecord(
                minion=minion,
                packed_grains=packed,
                version="1",
                boot_id="b",
                address="::1",
                last_seen=at,
                reported=at,
            )
        ]
    )


def test_grains_follow_when_the_key_is_old(shared: Store, second: Second, clock: FakeClock) -> None:
    for rack in ("left", "right"):
        clock.advance(2)
        report(shared, clock.time(), rack)
        second.look()
        assert second.rack() == rack


def test_what_came_while_the_store_was_not_seen_is_taken_later(
    shared: Store, second: Second, clock: FakeClock
) -> None:
    began = clock.time()
    shared.jobs.add(job(mode="queue", targets=(BOX,), issued=NOW, expires=NOW + 86_400))
    report(shared, began, "left")
    clock.advance(LONG_S)
    second.look()
    assert second.found == [(job().jid, BOX, "queued")]
    assert second.rack() == "left"
    second.found.clear()
    second.look()
    assert second.found == []


def test_word_of_a_minion_that_is_here_counts_more_than_the_store(
    shared: Store, second: Second, clock: FakeClock
) -> None:
    peer = second.keyring.entries()[0].peer
    session = Session(BOX, peer, b"route", "i", "::1", clock.time(), clock.monotonic())
    second.sessions.put(session)
    second.sessions.began_reading(peer, granted=True)
    second.roster.set_grains(BOX, {"rack": "own"}, b"own")
    report(shared, clock.time(), "stored")
    second.look()
    assert second.rack() == "own"
    second.sessions.stopped_reading(peer)  # it has gone to the other master
    clock.advance(LONG_S)
    second.look()
    assert second.rack() == "stored"


def test_new_keys_of_a_minion_leave_what_is_known_of_it(shared: Store, second: Second) -> None:
    report(shared, NOW, "left")
    shared.tags.set(BOX, {"site": "rome"})
    second.look()
    old = second.keyring.entries()[0].peer
    fresh = key(BOX, 7)
    shared.minions.rotate(
        BOX, sign_key=fresh.sign_key, curve_key=fresh.curve_key, fingerprint=fresh.fingerprint
    )
    second.look(3)
    assert second.keyring.accepted(old) is None
    assert second.keyring.accepted(fresh.curve_key.hex()) is not None
    assert (second.rack(), dict(second.roster.tags(BOX))) == ("left", {"site": "rome"})


def test_box_that_takes_an_id_over_inherits_nothing(shared: Store, second: Second, clock: FakeClock) -> None:
    report(shared, NOW, "left")
    shared.tags.set(BOX, {"site": "rome"})
    second.look()
    shared.minions.delete(BOX)
    clock.advance(60)
    shared.minions.put(key(BOX, 7, first_seen=clock.time()))
    shared.tags.set(BOX, {"floor": "2"})
    second.look(3)
    assert second.rack() == ""
    assert dict(second.roster.tags(BOX)) == {"floor": "2"}
