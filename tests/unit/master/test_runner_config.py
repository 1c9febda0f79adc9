"""`config.get` on the master: values as they are, secrets never."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from master.config import MasterConfig
from master.delivery_rules import DeliveryRule
from master.runners import config
from master.runners.context import RunnerContext
from shoal.errors import ArgumentError
from shoal.secret import STARS, Secret
from shoal.wire import plain

PASSWORD = "hunter2"
CONFIG = MasterConfig(
    id="master1",
    store_url=Secret(f"postgresql://shoal:{PASSWORD}@db.example.org/shoal"),
    gitfs_remotes=(
        f"https://me:{PASSWORD}@git.example.org/a.git",
        f"https://{PASSWORD}@git.example.org/b.git",
    ),
    nodegroups={"arm": "G@cpuarch:armv7l", "first": ["web-1", "db-1"]},
    delivery=(DeliveryRule(fun="state.*"),),
)


def get(key: str, *words: Any, **options: Any) -> Any:
    return config.get(cast(RunnerContext, SimpleNamespace(config=CONFIG)), key, *words, **options)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("id", "master1"),
        ("publish_port", 4505),
        ("fileserver_followsymlinks", True),
        ("log_file", None),
        ("nodegroups:arm", "G@cpuarch:armv7l"),
        ("nodegroups:first", ["web-1", "db-1"]),
        ("store_url", STARS),
        ("gitfs_remotes", ["https://git.example.org/a.git", "https://git.example.org/b.git"]),
        ("delivery", [{"fun": "state.*", "mode": "queue", "channel": "", "ttl_s": 86400.0}]),
    ],
)
def test_value(key: str, value: Any) -> None:
    assert get(key) == value


@pytest.mark.parametrize("name", list(MasterConfig.__dataclass_fields__))
def test_no_key_shows_a_secret(name: str) -> None:
    assert PASSWORD not in str(plain(get(name)))


def test_path_with_another_delimiter() -> None:
    assert get("nodegroups/arm", delimiter="/") == "G@cpuarch:armv7l"


@pytest.mark.parametrize("key", ["publsh_port", "nodegroups:nosuch", "publish_port:x", ""])
def test_what_is_not_there(key: str) -> None:
    assert get(key, "fallback") == "fallback"
    with pytest.raises(ArgumentError, match=r"^config\.get: "):
        get(key)
