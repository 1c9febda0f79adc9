"""Unknown outcomes: listed until a person has said how it was, once."""

from __future__ import annotations

import pytest

from master.store import DeliveryChange, OutboxBatch, Store
from shoal.clock import FakeClock
from shoal.errors import StoreError

from .samples import JID, NOW, answer, jid_at, job


@pytest.fixture
def store_with(store: Store) -> Store:
    """Unknown: job 0 on web1 by its return, job 1 on web2 by its delivery. Known: the others."""
    lost = DeliveryChange(jid=jid_at(1), minion="web2", state="outcome_unknown", at=NOW, reason="lost")
    store.commit_batch(
        jobs=[job(0), job(1)],
        returns=[answer("web1", JID, outcome="outcome_unknown", retcode=1), answer("web1", jid_at(1))],
        outbox=OutboxBatch(silences=[lost]),
    )
    return store


def test_unknown_outcomes_are_listed_newest_first(store_with: Store) -> None:
    assert store_with.resolutions.open() == ((jid_at(1), "web2"), (JID, "web1"))


def test_what_was_found_out_stands_beside_the_return(store_with: Store, clock: FakeClock) -> None:
    made = store_with.resolutions.add(JID, "web1", "done", "looked", "ann")
    assert (made.verdict, made.resolved_by, made.resolved_at) == ("done", "ann", clock.time())
    assert store_with.resolutions.open() == ((jid_at(1), "web2"),)
    assert store_with.resolutions.for_job(JID) == {"web1": made}
    kept = store_with.returns.get(JID, "web1")
    assert kept is not None
    assert kept.outcome == "outcome_unknown"
    store_with.resolutions.add(jid_at(1), "web2", "not_run", "", "ann")
    assert store_with.resolutions.open() == ()


def test_it_is_said_once(store_with: Store) -> None:
    store_with.resolutions.add(JID, "web1", "done", "", "ann")
    with pytest.raises(StoreError, match="was resolved as done by ann"):
        store_with.resolutions.add(JID, "web1", "failed", "", "bob")


@pytest.mark.parametrize(("jid", "minion"), [(jid_at(1), "web1"), (JID, "web2"), (jid_at(9), "web1")])
def test_known_outcome_cannot_be_resolved(store_with: Store, jid: str, minion: str) -> None:
    with pytest.raises(StoreError, match="nothing to resolve"):
        store_with.resolutions.add(jid, minion, "done", "", "ann")


def test_it_goes_with_its_job(store_with: Store, clock: FakeClock) -> None:
    store_with.resolutions.add(JID, "web1", "done", "", "ann")
    clock.advance(86_400)
    while store_with.retention.step(jid_at(1)):
        pass
    assert store_with.resolutions.for_job(JID) == {}
