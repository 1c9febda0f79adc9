"""Orders as they come over the control socket: checked before anything is done."""

from __future__ import annotations

from typing import Any

import pytest

from master.intake import Batch, Order
from shoal.errors import ConfigError, WireError

TARGET = {"kind": "glob", "expr": "*", "delimiter": ":"}
LEAST: dict[str, Any] = {"op": "run", "target": TARGET, "fun": "test.ping"}


def test_least_order_gets_the_defaults() -> None:
    order = Order.from_wire(LEAST)
    assert (order.fun, order.args, order.kwargs, order.mode) == ("test.ping", (), {}, "")
    assert (order.timeout_s, order.job_timeout_s, order.batch, order.subset) == (0.0, 0.0, None, 0)
    assert order.wait


def test_full_order_is_read() -> None:
    order = Order.from_wire(
        {
            **LEAST,
            "args": [1, "a"],
            "kwargs": {"k": None},
            "from_text": True,
            "no_parse": ["k"],
            "timeout_s": 7,
            "job_timeout_s": 1.5,
            "mode": "now",
            "batch": "10%",
            "batch_wait_s": 2.0,
            "subset": 3,
            "failhard": True,
            "async": True,
            "metadata": {"ticket": "1"},
            "returners": ["sql"],
        }
    )
    assert order.args == (1, "a")
    assert order.batch == Batch(count=10, percent=True)
    assert not order.wait
    assert (order.no_parse, order.returners, order.metadata) == (("k",), ("sql",), {"ticket": "1"})


def test_endless_waits_are_cut() -> None:
    assert Order.from_wire({**LEAST, "timeout_s": 1e11}).timeout_s == 31 * 86_400


@pytest.mark.parametrize(
    "change",
    [
        {"fun": "test"},
        {"fun": "test.ping.x"},
        {"fun": "Test.ping"},
        {"fun": "test.__class__."},
        {"fun": ["test.ping", "cmd.run"]},
        {"fun": "../x.y"},
        {"target": "*"},
        {"target": {"kind": "glob"}},
        {"target": {**TARGET, "kind": "python"}},
        {"args": "a"},
        {"args": None},
        {"kwargs": []},
        {"kwargs": {str(n): n for n in range(1001)}},
        {"from_text": 1},
        {"no_parse": "k"},
        {"timeout_s": -1},
        {"timeout_s": "5"},
        {"timeout_s": float("inf")},
        {"timeout_s": True},
        {"mode": "later"},
        {"channel": "net"},
        {"mode": "queue", "channel": "net"},
        {"mode": "desired", "channel": "a\nb"},
        {"mode": "desired", "channel": "c" * 129},
        {"subset": -1},
        {"subset": 1.5},
        {"async": "yes"},
        {"returners": ["x"] * 17},
        {"metadata": "x"},
        {"user": "root"},
        {"jid": "20270115080000000000"},
    ],
)
def test_malformed_order_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(WireError):
        Order.from_wire({**LEAST, **change})


@pytest.mark.parametrize("missing", ["target", "fun"])
def test_order_without_the_needful_is_refused(missing: str) -> None:
    with pytest.raises(WireError, match=missing):
        Order.from_wire({name: value for name, value in LEAST.items() if name != missing})


@pytest.mark.parametrize(
    ("text", "targets", "size"),
    [("1", 100, 1), ("5", 3, 5), ("10%", 100, 10), ("10%", 9, 1), ("100%", 7, 7), ("1%", 0, 1)],
)
def test_batch_is_a_number_or_a_share(text: str, targets: int, size: int) -> None:
    batch = Batch.parse(text)
    assert batch is not None
    assert batch.size(targets) == size


def test_no_batch_is_none() -> None:
    assert Batch.parse("") is None


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "101%", "%", "5 %", "five", "1e3", "10000000", "٣"])
def test_bad_batch_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="bad batch size"):
        Batch.parse(text)
