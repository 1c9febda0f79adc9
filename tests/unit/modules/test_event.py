"""`event.send`: the master is told, and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from modules.context import Context
from modules.event import send
from modules.standalone import NoMaster
from shoal.errors import ModuleError
from tests.unit.modules.conftest import FakeMaster

Ask = Callable[[str], Any]


def test_master_is_told(ask: Ask, master: FakeMaster) -> None:
    assert ask("event.send disk/replaced '{slot: 3}'") is True
    assert ask("event.send plain") is True
    assert master.told == [("disk/replaced", {"slot": 3}), ("plain", {})]


def test_box_without_a_master_says_so(ctx: Context) -> None:
    with pytest.raises(ModuleError, match="is for a master"):
        send(replace(ctx, master=NoMaster()), "x")
