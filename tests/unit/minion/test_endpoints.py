"""Where a minion looks for a master, and in which order."""

from __future__ import annotations

from dataclasses import replace

from minion.endpoints import Endpoints
from pki.masters import MasterEntry, MastersDocument
from shoal.transport import Endpoint

OLD, NEW, OTHER = (bytes([number]) * 32 for number in (1, 2, 3))


def place(host: str, key: bytes = OLD) -> Endpoint:
    return Endpoint(host=host, publish_port=4505, request_port=4506, curve_key=key)


def entry(name: str, *addresses: str, key: bytes = OLD, next_key: bytes = b"") -> MasterEntry:
    return MasterEntry(
        name=name,
        addresses=addresses,
        publish_port=4505,
        request_port=4506,
        curve_key=key,
        next_curve_key=next_key,
        certificate=b"",
    )


def document(*masters: MasterEntry) -> MastersDocument:
    return MastersDocument(version=1, fleet="f", issued=0, expires=1, masters=masters)


def ring(endpoints: Endpoints) -> list[tuple[str, bytes]]:
    """Return a whole round from the present one on."""
    found = []
    for _ in range(len(endpoints)):
        found.append((endpoints.current().host, endpoints.current().curve_key))
        endpoints.advance()
    return found


def test_addresses_are_tried_in_turn_again_and_again() -> None:
    endpoints = Endpoints([place("a"), place("b"), place("a")])
    assert ring(endpoints) == [("a", OLD), ("b", OLD)]
    assert ring(endpoints) == [("a", OLD), ("b", OLD)]


def test_rounds_are_counted_until_one_works() -> None:
    endpoints = Endpoints([place("a"), place("b")])
    ring(endpoints)
    ring(endpoints)
    assert endpoints.rounds == 2
    endpoints.worked()
    assert endpoints.rounds == 0


def test_all_addresses_and_keys_of_all_masters_are_tried() -> None:
    endpoints = Endpoints([place("a")])
    endpoints.use(document(entry("m1", "a", "a2", next_key=NEW), entry("m2", "b", key=OTHER)))
    assert ring(endpoints) == [("a", OLD), ("a2", OLD), ("a", NEW), ("a2", NEW), ("b", OTHER)]


def test_master_that_answers_is_not_left_for_a_new_document() -> None:
    endpoints = Endpoints([place("a"), place("b")])
    endpoints.advance()
    endpoints.worked()
    endpoints.use(document(entry("m1", "c", key=NEW)))
    assert endpoints.current() == place("b")


def test_after_a_restart_the_document_comes_before_the_join_string() -> None:
    """Its key may be an old one by now: that must not cost every start a wait."""
    endpoints = Endpoints([place("a", OLD)])
    endpoints.use(document(entry("m1", "a", key=NEW)))
    assert ring(endpoints) == [("a", NEW), ("a", OLD)]


def test_address_that_no_document_lists_is_tried_with_the_new_key() -> None:
    """A box behind NAT was told an address that the master does not know of itself."""
    endpoints = Endpoints([place("public", OLD)])
    endpoints.use(document(entry("m1", "internal", key=NEW, next_key=OLD), entry("m2", "other", key=OTHER)))
    assert ring(endpoints) == [
        ("internal", NEW),
        ("internal", OLD),
        ("other", OTHER),
        ("public", NEW),
        ("public", OLD),
    ]


def test_after_two_key_changes_each_known_key_is_tried_at_the_told_address() -> None:
    endpoints = Endpoints([place("public", OLD)])
    endpoints.use(document(entry("m1", "internal", key=NEW), entry("m2", "other", key=OTHER)))
    assert {("public", NEW), ("public", OTHER), ("public", OLD)} <= set(ring(endpoints))


def test_ports_are_those_of_the_document() -> None:
    endpoints = Endpoints([place("a")])
    moved = replace(entry("m1", "a"), publish_port=5505, request_port=5506)
    endpoints.use(document(moved))
    assert endpoints.current() == replace(place("a"), publish_port=5505, request_port=5506)
    endpoints.advance()
    assert endpoints.current() == place("a")


def test_later_document_replaces_the_earlier_one_but_not_what_the_box_was_told() -> None:
    endpoints = Endpoints([place("a")])
    endpoints.use(document(entry("m1", "b")))
    endpoints.use(document(entry("m1", "c")))
    assert [host for host, _ in ring(endpoints)] == ["c", "a"]
