"""Results wait for the daemon within bounds."""

from __future__ import annotations

from typing import Any, cast

from minion.executor.link import HIGH_WATER, Link
from minion.executor.outbox import Outbox
from shoal.returns import Return
from shoal.wire import encode


class Wire:
    """Stands for a link: keeps what is sent, is full when told so."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.pending = 0
        self.on_drained: Any = None

    def send(self, message: dict[str, Any]) -> bool:
        """Keep it."""
        self.sent.append(message)
        return True

    def jids(self) -> list[str]:
        """Return the jids of all results sent."""
        return [message["ret"]["jid"] for message in self.sent if message["op"] == "return"]


def _ret(number: int, size: int = 10, retcode: int = 0) -> Return:
    return Return(
        jid=f"{number:020}",
        fun="test.ping",
        outcome="done",
        retcode=retcode,
        packed=encode("x" * size),
        started=1.0,
        duration_s=0.0,
    )


def _attach(outbox: Outbox) -> Wire:
    wire = Wire()
    outbox.attach(cast("Link", wire))
    return wire


def test_results_wait_for_a_daemon_and_go_in_order() -> None:
    outbox = Outbox(10_000)
    outbox.put(_ret(1))
    outbox.put(_ret(2))
    wire = _attach(outbox)
    outbox.put(_ret(3))
    assert wire.jids() == [_ret(n).jid for n in (1, 2, 3)]
    assert len(outbox) == 3


def test_acknowledged_ones_are_forgotten_and_others_sent_again() -> None:
    outbox = Outbox(10_000)
    first = _attach(outbox)
    for number in (1, 2, 3):
        outbox.put(_ret(number))
    outbox.acknowledge(_ret(2).jid)
    outbox.acknowledge("unknown")
    outbox.detach()
    assert len(first.sent) == 3
    assert _attach(outbox).jids() == [_ret(1).jid, _ret(3).jid]
    assert _ret(2).jid not in outbox and _ret(1).jid in outbox
    assert [ret.jid for ret in outbox.kept()] == [_ret(1).jid, _ret(3).jid]


def test_nothing_is_sent_into_a_full_link() -> None:
    outbox = Outbox(10_000)
    wire = _attach(outbox)
    wire.pending = HIGH_WATER
    outbox.put(_ret(1))
    outbox.request({"op": "request"})
    outbox.tell({"op": "started"})
    assert wire.sent == []
    wire.pending = 0
    wire.on_drained()
    assert [message["op"] for message in wire.sent] == ["request", "return"]


def test_over_the_limit_the_largest_values_go_first_and_return_codes_stay() -> None:
    outbox = Outbox(20_000)
    for number, size in enumerate((9000, 500, 12_000, 3000)):
        outbox.put(_ret(number, size, retcode=number))
    kept = outbox.kept()
    assert [ret.retcode for ret in kept] == [0, 1, 2, 3]
    assert [ret.trimmed > 0 for ret in kept] == [False, False, True, False]
    assert "12003 bytes was dropped" in kept[2].value()
    assert kept[2].trimmed == 12_003


def test_room_is_counted_back() -> None:
    outbox = Outbox(20_000)
    for number in range(100):
        outbox.put(_ret(number, 9000))
        outbox.acknowledge(_ret(number).jid)
    outbox.put(_ret(1000, 9000))
    assert outbox.kept()[0].trimmed == 0


def test_requests_wait_but_not_without_end() -> None:
    outbox = Outbox(10_000)
    for number in range(150):
        outbox.request({"op": "request", "n": number})
    wire = _attach(outbox)
    assert [message["n"] for message in wire.sent] == list(range(50, 150))


def test_what_is_only_news_is_not_kept() -> None:
    outbox = Outbox(10_000)
    outbox.tell({"op": "started"})
    assert _attach(outbox).sent == []
