"""`grains.*` on a made-up box."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.modules.conftest import GRAINS

Ask = Callable[[str], Any]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("grains.items", GRAINS),
        (
            "grains.item os ip4_interfaces:lo nope",
            {"os": "Debian", "ip4_interfaces:lo": ["127.0.0.1"], "nope": ""},
        ),
        ("grains.item os nope default=0", {"os": "Debian", "nope": 0}),
        ("grains.item", {}),
        ("grains.get os", "Debian"),
        ("grains.get nope", ""),
        ("grains.get nope 16:10", "16:10"),
        ("grains.get nope default=null", None),
        ("grains.get disks:1:name", "sdb"),
        ("grains.get 'disks|size' delimiter='|'", 5),
        ("grains.ls", sorted(GRAINS)),
        ("grains.keys", sorted(GRAINS)),
        ("grains.has_value disks:name", True),
        ("grains.has_value disks:nope", False),
        ("grains.equals os Debian", True),
        ("grains.equals os debian", False),
        ("grains.equals disks:size 5", True),
        ("grains.filter_by '{Debian: apt, default: none}'", "apt"),
        ("grains.filter_by '{RedHat: dnf, default: none}'", "none"),
        ("grains.filter_by '{web*: 1}' grain=id", 1),
        (
            "grains.filter_by '{Debian: {a: 1}, low: {b: 2}}' base=low merge='{c: 3}'",
            {"a": 1, "b": 2, "c": 3},
        ),
    ],
)
def test_value(ask: Ask, line: str, value: Any) -> None:
    assert ask(line) == value


def test_what_identifies_a_box_can_be_masked(ask: Ask) -> None:
    assert ask("grains.items sanitize=True") == {**GRAINS, "id": "MINION", "serialnumber": "MINION"}
    assert ask("grains.item id os sanitize=True") == {"id": "MINION", "os": "Debian"}
