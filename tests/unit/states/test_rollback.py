"""The order in which a run is taken back, and what refuses it beforehand."""

from __future__ import annotations

import pytest

from shoal.errors import ModuleError
from states.engine.journal import Recorded, Written
from states.engine.rollback import steps_to_undo
from states.plan import Call


def step(name: str, *, undo: bool = True, reaction: bool = False) -> Written:
    call = Call(fun="file.remove", args=(f"/{name}",)) if undo else None
    return Written(
        tag=name, id=name, undo=call, final="" if undo else "it is gone", made=True, reaction=reaction
    )


def run(*steps: Written) -> Recorded:
    return Recorded(jid="20261121093000123456", asked={}, steps=list(steps), ended=True)


def test_last_change_is_taken_back_first() -> None:
    assert [each.id for each in steps_to_undo(run(step("a"), step("b"), step("c")))] == ["c", "b", "a"]


def test_service_restarts_once_its_configuration_is_back() -> None:
    found = steps_to_undo(run(step("conf"), step("restart", reaction=True), step("motd")))
    assert [each.id for each in found] == ["motd", "conf", "restart"]


def test_step_without_a_way_back_refuses_the_whole_unless_others_are_named() -> None:
    recorded = run(step("a"), step("gone", undo=False))
    with pytest.raises(
        ModuleError, match=r"gone cannot be undone: it is gone. To undo the others name them: a"
    ):
        steps_to_undo(recorded)
    assert [each.id for each in steps_to_undo(recorded, ["a"])] == ["a"]


def test_unknown_id_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(ModuleError, match=r"nothing by the state 'b'; it has by a"):
        steps_to_undo(run(step("a")), ["b"])
