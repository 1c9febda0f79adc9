from __future__ import annotations

import pytest

from master.store import MinionRecord, Store
from master.store.minions import MAX_DENIED_KEYS
from shoal.clock import FakeClock
from shoal.errors import StoreError

from .samples import NOW, answer, facts, key


def states(store: Store, minion: str = "web1") -> dict[int, str]:
    """Return {key number: state}."""
    return {record.curve_key[0]: record.state for record in store.minions.keys(minion)}


def test_key_comes_back_as_it_was_stored(store: Store) -> None:
    record = key(source="192.0.2.7", reason="by hand")
    store.minions.put(record)
    assert store.minions.get("web1") == record
    assert store.minions.get("web2") is None


def test_new_key_waits_as_pending(store: Store) -> None:
    record = key(state="pending")
    assert store.minions.add_pending(record, 10) == record
    assert store.minions.all("pending") == (record,)


def test_second_key_for_an_id_does_not_wait_but_learns_who_was_first(store: Store) -> None:
    first = key(state="pending")
    store.minions.add_pending(first, 10)
    assert store.minions.add_pending(key(number=2, state="pending"), 10) == first
    assert states(store) == {1: "pending"}


def test_waiting_room_is_bounded(store: Store) -> None:
    for number in (1, 2):
        assert store.minions.add_pending(key(f"web{number}", number, "pending"), 2) is not None
    assert store.minions.add_pending(key("web3", 3, "pending"), 2) is None
    assert store.minions.counts() == {"pending": 2}


def test_full_waiting_room_still_knows_those_who_wait(store: Store) -> None:
    store.minions.add_pending(key(state="pending"), 1)
    assert store.minions.add_pending(key(state="pending"), 1) == key(state="pending")


def test_accepting_is_noted_with_time_and_reason(store: Store, clock: FakeClock) -> None:
    store.minions.add_pending(key(state="pending"), 10)
    clock.advance(60)
    record = store.minions.set_state("web1", key().fingerprint, "accepted", "by anna")
    assert (record.state, record.changed_at, record.first_seen) == ("accepted", NOW + 60, NOW)
    assert store.minions.get("web1") == record


def test_unknown_key_cannot_be_accepted(store: Store) -> None:
    with pytest.raises(StoreError, match="web1 has no key 01:"):
        store.minions.set_state("web1", key().fingerprint, "accepted")


def test_unknown_state_is_refused(store: Store) -> None:
    store.minions.put(key())
    with pytest.raises(StoreError, match="unknown key state 'trusted'"):
        store.minions.set_state("web1", key().fingerprint, "trusted")


def test_other_key_of_an_accepted_id_is_kept_as_denied(store: Store) -> None:
    store.minions.put(key())
    assert store.minions.add_denied(key(number=2, state="denied")) is True
    assert states(store) == {1: "accepted", 2: "denied"}
    held = store.minions.get("web1")
    assert held is not None
    assert held.state == "accepted"


def test_denying_the_key_that_is_held_does_not_change_it(store: Store) -> None:
    store.minions.put(key())
    assert store.minions.add_denied(key(state="denied")) is False
    assert states(store) == {1: "accepted"}


def test_key_that_is_shown_again_keeps_its_first_time(store: Store) -> None:
    store.minions.put(key())
    store.minions.add_denied(key(number=2, state="denied", source="a"))
    store.minions.add_denied(
        key(number=2, state="denied", source="b", first_seen=NOW + 9, changed_at=NOW + 9)
    )
    denied = store.minions.keys("web1")[-1]
    assert (denied.source, denied.first_seen, denied.changed_at) == ("b", NOW, NOW + 9)


def test_denied_keys_of_an_id_are_bounded_and_the_oldest_go(store: Store) -> None:
    store.minions.put(key())
    for number in range(2, 2 + MAX_DENIED_KEYS + 3):
        store.minions.add_denied(key(number=number, state="denied", changed_at=NOW + number))
    assert sorted(states(store)) == [1, *range(5, 5 + MAX_DENIED_KEYS)]


def test_denied_key_cannot_be_accepted_over_the_held_one(store: Store) -> None:
    store.minions.put(key())
    store.minions.add_denied(key(number=2, state="denied"))
    with pytest.raises(StoreError, match="holds another key, accepted: delete or deny 01:"):
        store.minions.set_state("web1", key(number=2).fingerprint, "accepted")
    with pytest.raises(StoreError, match="holds another key"):
        store.minions.put(key(number=2))
    assert states(store) == {1: "accepted", 2: "denied"}


def test_denied_key_is_accepted_once_the_held_one_is_deleted(store: Store) -> None:
    store.minions.put(key())
    store.minions.add_denied(key(number=2, state="denied"))
    assert store.minions.delete("web1", key().fingerprint) == 1
    store.minions.set_state("web1", key(number=2).fingerprint, "accepted")
    assert states(store) == {2: "accepted"}


def test_accepted_key_cannot_serve_two_ids(store: Store) -> None:
    store.minions.put(key("web1"))
    with pytest.raises(StoreError, match="web2 shows the key of web1"):
        store.minions.put(key("web2"))
    store.minions.add_pending(key("web2", state="pending"), 10)
    with pytest.raises(StoreError, match="web2 shows the key of web1"):
        store.minions.set_state("web2", key().fingerprint, "accepted")


def test_keys_are_found_by_curve_key(store: Store) -> None:
    store.minions.put(key("web1"))
    store.minions.put(key("web2", state="pending"))
    assert [r.id for r in store.minions.by_curve_key(key().curve_key)] == ["web1", "web2"]
    assert store.minions.by_curve_key(b"?" * 32) == ()


def test_list_is_by_state_and_id(store: Store) -> None:
    for number, (minion, state) in enumerate([("c", "accepted"), ("a", "rejected"), ("b", "accepted")]):
        store.minions.put(key(minion, number, state))
    assert [r.id for r in store.minions.all()] == ["a", "b", "c"]
    assert [r.id for r in store.minions.all("accepted")] == ["b", "c"]
    assert store.minions.counts() == {"accepted": 2, "rejected": 1}


def test_twin_is_an_id_that_differs_in_case_only(store: Store) -> None:
    store.minions.put(key("Web1"))
    assert store.minions.twin("web1") == "Web1"
    assert store.minions.twin("Web1") == ""
    assert store.minions.twin("web2") == ""


def rotate(store: Store, curve_key: bytes = b"n" * 32) -> MinionRecord:
    return store.minions.rotate(
        "web1", sign_key=b"s" * 32, curve_key=curve_key, fingerprint="new:fingerprint"
    )


def test_rotation_replaces_both_keys_and_keeps_the_rest(store: Store) -> None:
    store.minions.put(key())
    store.tags.set("web1", {"site": "paris"})
    record = rotate(store)
    assert (record.sign_key, record.curve_key) == (b"s" * 32, b"n" * 32)
    assert store.minions.keys("web1") == (record,)
    assert store.tags.of("web1") == {"site": "paris"}


def test_rotation_to_another_ids_key_is_refused(store: Store) -> None:
    store.minions.put(key("web2", 2))
    store.minions.put(key())
    with pytest.raises(StoreError, match="web1 shows the key of web2"):
        rotate(store, key(number=2).curve_key)


def test_only_an_accepted_key_rotates(store: Store) -> None:
    store.minions.put(key(state="pending"))
    with pytest.raises(StoreError, match="no accepted key"):
        rotate(store)


def remembered(store: Store) -> tuple[object, dict[str, str]]:
    return store.facts.get("web1"), store.tags.of("web1")


def test_id_that_registers_again_inherits_nothing(store: Store) -> None:
    store.minions.put(key())
    store.minions.add_denied(key(number=2, state="denied"))
    store.facts.put([facts()])
    store.tags.set("web1", {"site": "berlin"})
    store.returns.save([answer()])
    assert store.minions.delete("web1") == 2
    assert remembered(store) == (None, {})
    store.minions.put(key(number=3))
    assert remembered(store) == (None, {})
    assert states(store) == {3: "accepted"}


def test_deleting_one_minion_leaves_the_others(store: Store) -> None:
    for number, minion in enumerate(("web1", "web2")):
        store.minions.put(key(minion, number))
        store.facts.put([facts(minion)])
        store.tags.set(minion, {"site": "berlin"})
    store.minions.delete("web2")
    assert store.facts.get("web1") is not None
    assert store.tags.all() == {"web1": {"site": "berlin"}}


def test_deleting_a_denied_key_leaves_what_the_held_one_has(store: Store) -> None:
    store.minions.put(key())
    store.minions.add_denied(key(number=2, state="denied"))
    store.tags.set("web1", {"site": "berlin"})
    assert store.minions.delete("web1", key(number=2).fingerprint) == 1
    assert store.tags.of("web1") == {"site": "berlin"}


def test_denying_the_held_key_forgets_what_was_kept_of_it(store: Store) -> None:
    store.minions.put(key())
    store.facts.put([facts()])
    store.tags.set("web1", {"site": "berlin"})
    store.minions.set_state("web1", key().fingerprint, "denied", "stolen")
    assert remembered(store) == (None, {})


def test_deleting_an_unknown_id_deletes_nothing(store: Store) -> None:
    assert store.minions.delete("web1") == 0


def test_record_must_be_in_the_state_its_call_is_for(store: Store) -> None:
    with pytest.raises(StoreError, match="does not wait"):
        store.minions.add_pending(key(), 10)
    with pytest.raises(StoreError, match="not denied"):
        store.minions.add_denied(key())
