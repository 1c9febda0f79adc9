from __future__ import annotations

import pytest
from sqlalchemy import insert

from master.store import Store
from master.store.minion_record import values_of
from master.store.schema import minions
from shoal.errors import StoreError

from .samples import NOW, facts, key


@pytest.fixture
def web1(store: Store) -> Store:
    store.minions.put(key())
    return store


def test_facts_come_back_as_they_were_stored(web1: Store) -> None:
    record = facts(version="0.1.0", boot_id="b", address="192.0.2.7", last_seen=NOW, reported=NOW - 1)
    assert web1.facts.put([record]) == 1
    assert web1.facts.get("web1") == record
    assert record.grains() == {"os": "Debian", "num_cpus": 4}


def test_newer_facts_replace_older_ones(web1: Store) -> None:
    web1.facts.put([facts(version="1")])
    web1.facts.put([facts(version="2"), facts(version="3")])
    stored = web1.facts.get("web1")
    assert stored is not None
    assert stored.version == "3"


@pytest.mark.parametrize("state", ["pending", "rejected", "denied"])
def test_facts_without_an_accepted_key_leave_nothing(store: Store, state: str) -> None:
    store.minions.put(key(state=state))
    assert store.facts.put([facts(), facts("nobody")]) == 0
    assert list(store.facts.all()) == []


def test_nul_in_a_minions_text_does_not_spoil_its_batch(web1: Store) -> None:
    assert web1.facts.put([facts(version="\x001", boot_id="\0", address="\0")]) == 1


def test_damaged_grains_are_reported_with_the_minion(web1: Store) -> None:
    web1.facts.put([facts(packed_grains=b"\xc1")])
    stored = web1.facts.get("web1")
    assert stored is not None
    with pytest.raises(StoreError, match="web1: grains is damaged"):
        stored.grains()


def test_all_facts_are_read_over_page_borders(store: Store) -> None:
    ids = [f"box-{number:04d}" for number in range(1001)]
    keys = [values_of(key(minion, curve_key=minion.encode().ljust(32, b"."))) for minion in ids]
    with store.database.write() as connection:
        connection.execute(insert(minions), keys)
    assert store.facts.put([facts(minion) for minion in ids]) == 1001
    assert [record.minion for record in store.facts.all()] == ids


def test_last_seen_moves_forward_only_and_only_for_the_known(web1: Store) -> None:
    web1.facts.put([facts(last_seen=NOW)])
    assert web1.facts.seen({"web1": NOW + 0.125, "deleted": NOW}) == 1
    assert web1.facts.seen({"web1": NOW - 5}) == 0
    assert web1.facts.seen({}) == 0
    assert [(r.minion, r.last_seen) for r in web1.facts.all()] == [("web1", NOW + 0.125)]
