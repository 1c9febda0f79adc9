"""The executor's settings travel whole and are checked."""

from __future__ import annotations

from typing import Any

import pytest

from minion.executor.settings import ExecutorSettings
from shoal.errors import WireError
from shoal.returns import MAX_VALUE_BYTES
from shoal.wire import decode, encode


def test_they_survive_the_wire() -> None:
    settings = ExecutorSettings(minion_id="a", synced="/x", timeout_s=1.5, nice=-3, memory_max_bytes=2**40)
    assert ExecutorSettings.from_wire(decode(encode(settings.to_wire()), 10_000)) == settings


@pytest.mark.parametrize(
    "change",
    [
        {"minion_id": 5},
        {"process_count_max": "16"},
        {"timeout_s": "1"},
        {"timeout_s": True},
        {"grace_s": -1},
        {"queue_max": 1.5},
        {"surplus": 1},
    ],
)
def test_wrong_ones_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(WireError):
        ExecutorSettings.from_wire(ExecutorSettings(minion_id="a").to_wire() | change)


def test_missing_ones_are_refused() -> None:
    with pytest.raises(WireError):
        ExecutorSettings.from_wire({"minion_id": "a"})


@pytest.mark.parametrize(("asked", "given"), [(1, 1024), (5000, 5000), (2**40, MAX_VALUE_BYTES)])
def test_output_limit_is_kept_within_what_a_return_can_carry(asked: int, given: int) -> None:
    assert ExecutorSettings(minion_id="a", output_max_bytes=asked).output_max_bytes == given
