"""Makes the swarm's minions known to a master that does not run yet: keys accepted, grains and tags stored."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import insert

from master.store.facts import FactsRecord, upsert_facts
from master.store.minion_record import ACCEPTED, MinionRecord, values_of
from master.store.schema import minions
from master.store.store import open_store
from master.store.tags import upsert_tags
from pki.fingerprint import fingerprint
from shoal.clock import SystemClock
from shoal.version import VERSION
from shoal.wire import encode
from tests.benchmarks.boxes import box_grains, box_id, box_keys, box_tags, digest


def seed(url: str, numbers: Iterable[int]) -> None:
    """Write the boxes `numbers` into the database at `url`, in one transaction."""
    clock = SystemClock()
    now = clock.time()
    boxes = list(numbers)
    with open_store(url, clock) as store, store.database.write() as connection:
        connection.execute(insert(minions), [values_of(_key(number, now)) for number in boxes])
        upsert_facts(connection, [_facts(number, now) for number in boxes])
        upsert_tags(connection, {box_id(number): box_tags(number) for number in boxes})


def _key(number: int, now: float) -> MinionRecord:
    keys = box_keys(number)
    return MinionRecord(
        id=box_id(number),
        state=ACCEPTED,
        curve_key=keys.curve.public,
        sign_key=keys.sign.public,
        fingerprint=fingerprint(keys.sign.public, keys.curve.public),
        first_seen=now,
        changed_at=now,
        source="127.0.0.1",
        reason="benchmark",
    )


def _facts(number: int, now: float) -> FactsRecord:
    grains = box_grains(number)
    return FactsRecord(
        minion=box_id(number),
        packed_grains=encode({"digest": digest(grains), "grains": grains}),
        version=VERSION,
        boot_id="",
        address="127.0.0.1",
        last_seen=now,
        reported=now,
    )
