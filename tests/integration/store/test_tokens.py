from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from master.store import Store
from shoal.clock import FakeClock
from shoal.errors import StoreError

from .samples import NOW, key, token


def test_token_comes_back_as_it_was_stored(store: Store) -> None:
    record = token(uses=3, tags={"env": "prod"}, site="berlin", created_by="anna", comment="new boxes")
    store.tokens.create(record)
    assert store.tokens.get("t1") == record
    assert store.tokens.by_hash(record.secret_hash) == record
    assert store.tokens.by_hash(b"?" * 32) is None


def test_tokens_hash_is_not_in_its_repr() -> None:
    assert "secret_hash" not in repr(token())


def test_taken_id_or_hash_is_refused(store: Store) -> None:
    store.tokens.create(token())
    with pytest.raises(StoreError):
        store.tokens.create(token(secret_hash=b"another"))
    with pytest.raises(StoreError):
        store.tokens.create(token("t2", secret_hash=token().secret_hash))


def test_token_lets_in_as_many_as_it_counts(store: Store) -> None:
    store.tokens.create(token(uses=2))
    assert [store.tokens.consume("t1") for _ in range(3)] == [True, True, False]


def test_expired_token_lets_nobody_in(store: Store, clock: FakeClock) -> None:
    store.tokens.create(token(expires=NOW + 10))
    clock.advance(10)
    assert store.tokens.consume("t1") is False


def test_revoked_token_lets_nobody_in(store: Store) -> None:
    store.tokens.create(token())
    assert store.tokens.revoke("t1") is True
    assert store.tokens.revoke("t1") is False
    assert store.tokens.consume("t1") is False
    stored = store.tokens.get("t1")
    assert stored is not None
    assert stored.revoked_at == NOW


def test_unknown_token_lets_nobody_in(store: Store) -> None:
    assert store.tokens.consume("t1") is False
    assert store.tokens.revoke("t1") is False


def test_list_is_newest_first(store: Store) -> None:
    store.tokens.create(token("old", created=NOW - 1))
    store.tokens.create(token("new"))
    assert [record.id for record in store.tokens.all()] == ["new", "old"]


def test_many_at_once_use_a_token_no_more_often_than_it_counts(store: Store) -> None:
    store.tokens.create(token(uses=7))
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: store.tokens.consume("t1"), range(40)))
    assert results.count(True) == 7
    stored = store.tokens.get("t1")
    assert stored is not None
    assert stored.uses_left == 0


def test_minion_with_a_token_is_admitted_with_its_tags(store: Store, clock: FakeClock) -> None:
    store.tokens.create(token(tags={"env": "prod"}, site="berlin"))
    clock.advance(5)
    assert store.admit(key(state="pending"), "t1") is True
    held = store.minions.get("web1")
    assert held is not None
    assert (held.state, held.changed_at) == ("accepted", NOW + 5)
    assert store.tags.of("web1") == {"env": "prod", "site": "berlin"}


def test_minion_that_waited_is_admitted_by_a_token(store: Store) -> None:
    store.tokens.create(token())
    store.minions.add_pending(key(state="pending"), 10)
    assert store.admit(key(state="pending", first_seen=NOW + 9, source="b"), "t1") is True
    assert [(r.state, r.first_seen, r.source) for r in store.minions.keys("web1")] == [("accepted", NOW, "b")]


def test_used_up_token_admits_nobody_and_changes_nothing(store: Store) -> None:
    store.tokens.create(token())
    store.admit(key("web1", 1, "pending"), "t1")
    assert store.admit(key("web2", 2, "pending"), "t1") is False
    assert store.minions.get("web2") is None


def test_minion_that_lost_our_answer_is_admitted_again_for_nothing(store: Store) -> None:
    store.tokens.create(token(uses=2))
    assert store.admit(key(state="pending"), "t1") is True
    assert store.admit(key(state="pending"), "t1") is True
    stored = store.tokens.get("t1")
    assert stored is not None
    assert stored.uses_left == 1


@pytest.mark.parametrize(
    ("present", "comes"),
    [
        (key("web1", 1), key("web1", 2, "pending")),
        (key("web1", 1, "rejected"), key("web1", 1, "pending")),
        (key("other", 1), key("web1", 1, "pending")),
    ],
    ids=["another key held", "rejected by an operator", "another minion's key"],
)
def test_refused_admission_costs_no_use(store: Store, present, comes) -> None:  # type: ignore[no-untyped-def]
    store.tokens.create(token())
    store.minions.put(present)
    with pytest.raises(StoreError):
        store.admit(comes, "t1")
    stored = store.tokens.get("t1")
    assert stored is not None
    assert stored.uses_left == 1
    assert store.minions.all() == (present,)
