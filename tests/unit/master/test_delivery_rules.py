"""Which mode a job gets: what its order says, else the first rule for its function, else `now`."""

from __future__ import annotations

from pathlib import Path

import pytest

from master.config import MasterConfig
from master.delivery_rules import DeliveryRule, delivery_of
from shoal.config.read import read_config
from shoal.errors import ConfigError

DAY = 86_400.0
RULES = (
    DeliveryRule(fun="state.highstate", mode="desired", channel="highstate", ttl_s=7 * DAY),
    DeliveryRule(fun="state.*", mode="queue", ttl_s=60.0),
    DeliveryRule(fun="pkg.*", mode="desired"),
)


@pytest.mark.parametrize(
    ("fun", "said", "expected"),
    [
        ("test.ping", ("", "", 0.0), ("now", "", DAY)),
        ("test.ping", ("queue", "", 0.0), ("queue", "", DAY)),
        ("test.ping", ("queue", "", 5.0), ("queue", "", 5.0)),
        ("test.ping", ("desired", "", 0.0), ("desired", "test.ping", 30 * DAY)),
        ("test.ping", ("desired", "net", 90 * DAY), ("desired", "net", 30 * DAY)),
        ("state.highstate", ("", "", 0.0), ("desired", "highstate", 7 * DAY)),
        ("state.highstate", ("desired", "other", 9.0), ("desired", "other", 9.0)),
        ("state.highstate", ("now", "", 0.0), ("now", "", DAY)),
        ("state.highstate", ("queue", "", 0.0), ("queue", "", DAY)),
        ("state.apply", ("", "", 0.0), ("queue", "", 60.0)),
        ("pkg.upgrade", ("", "", 0.0), ("desired", "pkg.upgrade", DAY)),
    ],
)
def test_mode_channel_and_time(
    fun: str, said: tuple[str, str, float], expected: tuple[str, str, float]
) -> None:
    found = delivery_of(fun, *said, RULES)
    assert (found.mode, found.channel, found.ttl_s) == expected


def read(tmp_path: Path, text: str) -> MasterConfig:
    path = tmp_path / "master"
    path.write_text(text)
    return read_config([path], MasterConfig)


def test_rules_are_read_in_their_order(tmp_path: Path) -> None:
    text = "delivery:\n  - {fun: 'state.*', mode: desired, channel: hs, ttl_s: 60}\n  - fun: '*'\n"
    assert read(tmp_path, text).delivery == (
        DeliveryRule(fun="state.*", mode="desired", channel="hs", ttl_s=60.0),
        DeliveryRule(fun="*", mode="queue"),
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("delivery: yes", "must be a list of maps"),
        ("delivery: [a]", "must be a list of maps"),
        ("delivery:\n  - {fun: a, mode: later}", "'mode' must be one of now, queue, desired"),
        ("delivery:\n  - {fun: a, ttl_s: 99999999}", "'ttl_s' must be a number from 1 to 2592000"),
        ("delivery:\n  - {mode: now}", "'fun' is missing"),
        ("delivery:\n  - {fun: a, chanel: b}", "Did you mean 'channel'"),
    ],
)
def test_bad_rules_are_refused_in_one_line(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        read(tmp_path, text)
