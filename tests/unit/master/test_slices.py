"""Returns that come in slices, put together: in order, bounded, and not for ever."""

from __future__ import annotations

import pytest

from master import slices as slices_module
from master.slices import FORGET_S, Slices
from pki.keys import sha256
from shoal.clock import FakeClock
from shoal.errors import WireError
from shoal.slices import SLICE_BYTES, Slice

JID = "20261125100000000001"
WHOLE = bytes(range(256)) * 300


def piece(at: int, count: int, whole: bytes = WHOLE, jid: str = JID) -> Slice:
    return Slice(jid=jid, digest=sha256(whole), size=len(whole), at=at, data=whole[at : at + count])


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def slices(clock: FakeClock) -> Slices:
    return Slices(clock.monotonic)


def test_whole_is_given_once_when_the_last_has_come(slices: Slices) -> None:
    for at in range(0, len(WHOLE), 30_000):
        assert slices.whole("a") is None
        assert slices.take("a", piece(at, 30_000)) == min(at + 30_000, len(WHOLE))
    assert slices.whole("a") == WHOLE
    assert slices.whole("a") is None


def test_slice_that_comes_twice_or_too_early_is_not_added(slices: Slices) -> None:
    slices.take("a", piece(0, 1000))
    assert slices.take("a", piece(0, 1000)) == 1000
    assert slices.take("a", piece(5000, 1000)) == 1000
    assert slices.take("a", piece(0, 0)) == 1000, "a question"


def test_minions_do_not_mix(slices: Slices) -> None:
    slices.take("a", piece(0, 1000))
    assert slices.take("b", piece(0, 10)) == 10


def test_another_return_takes_the_place_of_the_first(slices: Slices) -> None:
    slices.take("a", piece(0, 1000))
    other = WHOLE[:-1] + b"!"
    assert slices.take("a", piece(0, 10, other)) == 10
    assert slices.take("a", piece(0, 0)) == 0


def test_what_is_not_as_it_was_sent_is_dropped(slices: Slices) -> None:
    forged = Slice(jid=JID, digest=sha256(WHOLE), size=10, at=0, data=b"0123456789")
    assert slices.take("a", forged) == 10
    assert slices.whole("a") is None
    assert slices.take("a", piece(0, 0)) == 0


def test_memory_is_bounded_and_given_back(slices: Slices, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices_module, "MAX_BYTES", 2500)
    assert [slices.take(name, piece(0, 1000)) for name in "abc"] == [1000, 1000, None]
    slices.drop("a")
    assert slices.take("c", piece(0, 1000)) == 1000


def test_what_does_not_grow_is_forgotten(slices: Slices, clock: FakeClock) -> None:
    slices.take("a", piece(0, 1000))
    clock.advance(FORGET_S / 2)
    slices.take("b", piece(0, 1000))
    clock.advance(FORGET_S / 2 + 1)
    slices.tidy()
    assert slices.take("a", piece(0, 0)) == 0
    assert slices.take("b", piece(0, 0)) == 1000


@pytest.mark.parametrize(
    "changes",
    [
        {"jid": "x"},
        {"digest": b"short"},
        {"size": 0},
        {"size": 10**9},
        {"at": -1},
        {"at": len(WHOLE)},
        {"data": b"x" * (SLICE_BYTES + 1)},
        {"more": 1},
    ],
)
def test_malformed_slice_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(WireError):
        Slice.from_wire({**piece(0, 10).to_wire(), **changes})
