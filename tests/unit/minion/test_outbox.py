"""The outbox: every return is kept until it is stored; when it is full, values go before return codes."""

from __future__ import annotations

import pytest

from minion.outbox import Outbox
from shoal.returns import Return
from shoal.wire import encode


def a_return(number: int, size: int = 100, retcode: int = 0) -> Return:
    return Return(
        jid=f"{number:020d}",
        fun="test.echo",
        outcome="done",
        retcode=retcode,
        packed=encode("x" * size),
        started=0.0,
        duration_s=0.0,
    )


def test_returns_are_kept_in_order_until_they_are_stored() -> None:
    outbox = Outbox()
    for number in range(5):
        outbox.add(a_return(number))
    outbox.remove(a_return(2).jid)
    outbox.remove("never seen")
    assert [int(ret.jid) for ret in outbox] == [0, 1, 3, 4]
    assert len(outbox) == 4


def test_same_job_is_kept_once() -> None:
    outbox = Outbox()
    outbox.add(a_return(1, retcode=0))
    outbox.add(a_return(1, retcode=9))
    assert [ret.retcode for ret in outbox] == [9]


def test_it_may_be_changed_while_somebody_goes_through_it() -> None:
    outbox = Outbox()
    for number in range(5):
        outbox.add(a_return(number))
    for ret in outbox:
        outbox.remove(ret.jid)
    assert len(outbox) == 0


def test_full_outbox_trims_the_oldest_large_values_first() -> None:
    outbox = Outbox(max_bytes=100_000)
    for number in range(4):
        outbox.add(a_return(number, 30_000, retcode=number))
    first, *others = outbox
    assert first.retcode == 0
    assert first.trimmed == len(encode("x" * 30_000))
    assert "dropped" in first.value()
    assert [ret.trimmed for ret in others] == [0, 0, 0]


def test_value_larger_than_the_outbox_is_trimmed_itself_and_costs_no_other_return() -> None:
    outbox = Outbox(max_bytes=50_000)
    for number in range(10):
        outbox.add(a_return(number, 100, retcode=number))
    outbox.add(a_return(99, 200_000, retcode=7))
    assert [ret.retcode for ret in outbox] == [*range(10), 7]
    assert [ret.trimmed > 0 for ret in outbox] == [False] * 10 + [True]


def test_return_codes_go_last_and_oldest_first(caplog: pytest.LogCaptureFixture) -> None:
    outbox = Outbox(max_bytes=10_000)
    for number in range(100):
        outbox.add(a_return(number, 10))
    kept = [int(ret.jid) for ret in outbox]
    assert kept == list(range(100 - len(kept), 100))
    assert 10 < len(kept) < 20
    assert "return dropped" in caplog.text


@pytest.mark.parametrize("size", [10, 3_000, 100_000, 4_000_000])
def test_memory_is_bounded_whatever_comes(size: int) -> None:
    outbox = Outbox(max_bytes=1_000_000)
    for number in range(3000 if size < 10_000 else 30):
        outbox.add(a_return(number, size))
        assert sum(len(ret.packed) for ret in outbox) <= 1_000_000
    for ret in outbox:
        outbox.remove(ret.jid)
    assert len(outbox) == 0
    outbox.add(a_return(1, 900_000))
    assert next(iter(outbox)).trimmed == 0, "what went has made room"
