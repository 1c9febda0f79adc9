"""A full spool: output goes before return codes, successes before failures."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from minion.ledger import Ledger
from shoal.returns import Return
from tests.integration.ledger.records import NOW, a_job, a_return, jid

MAX = 100_000  # see conftest.py


def returns(ledger: Ledger) -> dict[int, Return]:
    return {int(ret.jid): ret for ret in ledger.unsent()}


def test_failure_keeps_its_output_longer_than_younger_successes(ledger: Ledger) -> None:
    ledger.finished(a_return(1, "f" * 26_000, retcode=5))
    for number in (2, 3, 4):
        ledger.finished(a_return(number, "s" * 26_000))
    kept = returns(ledger)
    assert [kept[number].trimmed > 0 for number in (1, 2, 3, 4)] == [False, True, False, False]
    assert kept[1].retcode == 5


def test_cut_value_keeps_size_digest_and_end(ledger: Ledger) -> None:
    first = a_return(1, "x" * 50_000 + "the last words")
    ledger.finished(first)
    ledger.finished(a_return(2, "y" * 60_000))
    cut = returns(ledger)[1]
    assert cut.trimmed == len(first.packed)
    assert hashlib.sha256(first.packed).hexdigest() in cut.value()
    assert cut.value().endswith("the last words")


def test_value_larger_than_the_spool_is_cut_itself_and_costs_no_other(ledger: Ledger) -> None:
    for number in range(10):
        ledger.finished(a_return(number, "x" * 5000))
    ledger.finished(a_return(99, "z" * 2 * MAX, retcode=7))
    kept = returns(ledger)
    assert [number for number, ret in kept.items() if ret.trimmed] == [99]
    assert kept[99].retcode == 7


def test_return_codes_go_last_and_failures_after_successes(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(40):
        ledger.accept(a_job(number), NOW)
        ledger.finished(a_return(number, "f" * 50, retcode=3))
    for number in range(40, 400):
        ledger.finished(a_return(number, "s" * 50))
    kept = returns(ledger)
    assert set(range(40)) <= set(kept), "all failures are there"
    assert {kept[number].retcode for number in range(40)} == {3}
    assert 399 in kept
    assert 41 not in kept
    assert "returns dropped, spool full" in caplog.text


def test_job_whose_return_was_dropped_is_not_run_again(ledger: Ledger) -> None:
    for number in range(400):
        ledger.accept(a_job(number), NOW)
        ledger.finished(a_return(number, "s" * 50))
    assert jid(0) not in ledger
    assert ledger.accept(a_job(0), NOW).verdict == "known"


@pytest.mark.parametrize("size", [10, 3_000, 90_000, 400_000])
def test_bytes_are_bounded_whatever_comes(ledger: Ledger, reopen: Callable[[], Ledger], size: int) -> None:
    for number in range(60):
        ledger.finished(a_return(number, "x" * size))
        assert sum(len(ret.packed) for ret in ledger.unsent()) <= MAX
    ledger = reopen()
    kept = returns(ledger)
    assert ledger.unsent_count == len(kept)
    ledger.acknowledged([ret.jid for ret in kept.values()])
    assert ledger.unsent_count == 0
    ledger.finished(a_return(99, "x" * 90_000))
    assert returns(ledger)[99].trimmed == 0, "what went has made room"


def test_output_that_a_job_had_cut_itself_is_counted_with_what_the_spool_cuts(ledger: Ledger) -> None:
    first = a_return(1, "x" * 50_000, trimmed=9)
    ledger.finished(first)
    ledger.finished(a_return(2, "y" * 60_000))
    assert returns(ledger)[1].trimmed == len(first.packed) + 9
