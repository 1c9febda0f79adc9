"""A box learns nothing of others' pillar by asking who matches: not even by a nodegroup that an operator made."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from master.mine import MineRoom
from master.roster import Roster
from master.store.store import open_store
from master.writer import Writer
from shoal.clock import SystemClock
from shoal.errors import TargetError
from shoal.mine import MineQuestion
from shoal.targets import Target


@pytest.mark.parametrize(("kind", "expr"), [("nodegroup", "rich"), ("compound", "web* and not N@rich")])
def test_nodegroup_by_pillar_is_refused_to_a_box(kind: str, expr: str, tmp_path: Path) -> None:
    roster = Roster({"rich": "I@money:much"})
    roster.ensure("web1", {})
    roster.set_pillar("web1", {"money": "much"})
    with open_store(f"sqlite:///{tmp_path}/master.db", SystemClock()) as store:
        writer = Writer(store, lambda _returns: None)
        room = MineRoom(store, writer, roster, lambda: 0.0)
        question = MineQuestion(op="get", names=("a",), target=Target(kind=kind, expr=expr))
        with pytest.raises(TargetError, match="goes by pillar: a box may not ask by it"):
            asyncio.run(room.answer("web2", question))
        writer.close()
