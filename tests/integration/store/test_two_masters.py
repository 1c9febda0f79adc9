"""Two masters at one PostgreSQL at the same moment: nothing twice, nothing lost, nobody in the other's way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import text

from master.store import DeliveryChange, Store, open_store
from master.store.schema import metadata
from master.writer import Writer
from shoal.clock import FakeClock
from shoal.errors import JidTakenError, StoreError
from shoal.returns import Return

from .samples import JID, NOW, answer, facts, jid_at, job, key, token

BOXES = [f"web{number}" for number in range(200)]


@pytest.fixture
def both(module_database: str, clock: FakeClock) -> Iterator[tuple[Store, Store]]:
    """The stores of two masters."""
    with (
        open_store(module_database, clock, lock_wait_s=1.0) as one,
        open_store(module_database, clock, lock_wait_s=1.0) as two,
    ):
        yield one, two
        with one.database.write() as connection:
            connection.execute(text("TRUNCATE " + ", ".join(metadata.tables)))


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run `acts` in threads that start together; return what they return, or raise what one raises."""
    start = Barrier(len(acts))
    results: list[Any] = [None] * len(acts)

    def run(number: int) -> None:
        start.wait()
        try:
            results[number] = acts[number]()
        except Exception as error:  # told below, in the test's thread
            results[number] = error

    threads = [Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for result in results:
        if isinstance(result, Exception):
            raise result
    return results


def test_history_is_cut_once(both: tuple[Store, Store], clock: FakeClock) -> None:
    answers = [answer(box, jid_at(n)) for n in range(20) for box in BOXES[:50]]
    both[0].commit_batch(jobs=[job(n) for n in range(20)], returns=answers)
    clock.advance(3600)
    cut = both[0].retention.cut(before=NOW + 60)

    def sweep(store: Store) -> int:
        total = idle = 0
        while idle < 3:  # a turn that the other one has counts as nothing to do
            rows = store.retention.step(cut, 100)
            total, idle = total + rows, 0 if rows else idle + 1
        return total

    assert sum(at_once(lambda: sweep(both[0]), lambda: sweep(both[1]))) + sweep(both[0]) == 20 + 20 * 50


def test_delivery_expires_once(both: tuple[Store, Store]) -> None:
    for n in range(5):
        both[0].jobs.add(job(n, mode="queue", targets=tuple(BOXES)))
    now = NOW + 3600

    def ended(store: Store) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for _ in range(40):
            found += [(row.jid, row.minion) for row in store.deliveries.expire(now, limit=50)]
        return found

    one, two = at_once(lambda: ended(both[0]), lambda: ended(both[1]))
    assert len({*one, *two}) == len(one) + len(two) == 5 * len(BOXES)


def test_expiry_and_marks_do_not_lock_each_other_out(both: tuple[Store, Store]) -> None:
    for n in range(5):
        both[0].jobs.add(job(n, mode="queue", targets=tuple(BOXES), expires=NOW + 10 - n))
    marks = [
        DeliveryChange(jid=jid_at(n), minion=box, state="sent", at=NOW) for n in range(5) for box in BOXES
    ]
    for _ in range(5):
        at_once(
            lambda: both[0].deliveries.mark(marks), lambda: both[1].deliveries.expire(NOW + 3600, limit=300)
        )


def test_both_note_whom_they_have_seen(both: tuple[Store, Store]) -> None:
    for number, box in enumerate(BOXES):
        both[0].minions.put(key(box, 1, curve_key=number.to_bytes(32, "big")))
    both[0].facts.put([facts(box) for box in BOXES])
    for turn in range(10):
        seen = dict.fromkeys(BOXES, NOW + turn)
        at_once(
            lambda: both[0].facts.seen(seen),  # noqa: B023 - done within the turn
            lambda: both[1].facts.seen(dict(reversed(seen.items()))),  # noqa: B023
        )
    assert {record.last_seen for record in both[0].facts.all()} == {NOW + 9}


def test_both_put_a_setting_that_is_new(both: tuple[Store, Store]) -> None:
    for number in range(20):
        name = f"n{number}"
        at_once(lambda: both[0].settings.put(name, 1), lambda: both[1].settings.put(name, 1))  # noqa: B023


def test_jid_is_given_once(both: tuple[Store, Store]) -> None:
    both[0].jobs.add(job(user="anna"))
    with pytest.raises(JidTakenError):
        both[1].jobs.add(job(user="bert"))
    record = both[1].jobs.get(JID)
    assert record is not None
    assert record.user == "anna"


def test_change_that_a_deadlock_undid_is_made_again(both: tuple[Store, Store]) -> None:
    both[0].jobs.add(job(mode="queue"))
    meet = Barrier(2)

    def cross(store: Store, *minions: str) -> Callable[[], None]:
        first = [True]

        def work() -> None:
            with store.database.write() as connection:
                for minion in minions:
                    sql = text("UPDATE deliveries SET attempts = attempts + 1 WHERE minion = :minion")
                    connection.execute(sql, {"minion": minion})
                    if first:
                        first.clear()
                        meet.wait()

        return work

    async def both_write() -> None:
        writers = [Writer(store, lambda _returns: None) for store in both]
        await asyncio.gather(
            writers[0].call(cross(both[0], "web1", "web2")), writers[1].call(cross(both[1], "web2", "web1"))
        )
        for writer in writers:
            writer.close()

    asyncio.run(both_write())
    assert [row.attempts for row in both[0].deliveries.for_job(JID)] == [2, 2]


def test_return_that_another_master_holds_up_is_not_acknowledged_before_it_is_stored(
    both: tuple[Store, Store],
) -> None:
    """That master stands still in the middle of storing it, and dies: it must not be gone then."""
    both[0].jobs.add(job(mode="queue"))
    acknowledged: list[Return] = []
    writer = Writer(both[1], acknowledged.extend, retry_s=0.01)
    writer.outboxed.add(JID)

    async def store_it() -> None:
        with pytest.raises(ZeroDivisionError), both[0].database.write() as held:
            held.execute(text("UPDATE deliveries SET attempts = 1"))
            writer.add_return(answer())
            await writer.flush()
            assert acknowledged == []
            raise ZeroDivisionError
        await writer.flush()
        writer.close()

    asyncio.run(store_it())
    assert acknowledged == [answer()]
    assert both[0].returns.get(JID, "web1") == answer()
    assert {row.minion: row.state for row in both[0].deliveries.for_job(JID)}["web1"] == "returned"


def test_steps_of_two_masters_only_go_forward(both: tuple[Store, Store]) -> None:
    both[0].jobs.add(job(mode="queue", targets=tuple(BOXES)))

    def marks(store: Store, *states: str) -> Callable[[], None]:
        def work() -> None:
            for state in states:
                store.deliveries.mark(
                    [DeliveryChange(jid=JID, minion=box, state=state, at=NOW) for box in BOXES]
                )

        return work

    at_once(marks(both[0], "sent", "sent", "sent"), marks(both[1], "received", "running"))
    assert {row.state for row in both[0].deliveries.for_job(JID)} == {"running"}


def test_token_of_one_use_admits_one_of_two_boxes(both: tuple[Store, Store]) -> None:
    for number in range(10):
        name = f"t{number}"
        both[0].tokens.create(token(name))

        def admit(store: Store, box: str, of_key: int, name: str = name) -> bool:
            try:
                return store.admit(key(box, of_key), name)
            except StoreError:
                return False

        one, two = at_once(
            lambda: admit(both[0], f"a{number}", 2 * number + 1),  # noqa: B023
            lambda: admit(both[1], f"b{number}", 2 * number + 2),  # noqa: B023
        )
        assert one != two
