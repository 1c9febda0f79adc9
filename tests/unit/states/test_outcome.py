"""What is told of a state that is not to be told, and of words of the engine that are not there yet."""

from __future__ import annotations

from modules.context import Context
from states.engine.chunk import Chunk
from states.engine.outcome import Outcome
from states.engine.planner import Planner
from tests.unit.states.trial import LIBRARY

SECRET = "correct horse"


def chunk(**args: object) -> Chunk:
    return Chunk(state="test", fun="nop", name="x", id="x", sls="main", env="base", args=dict(args))


def test_no_log_hides_comment_changes_and_warnings() -> None:
    outcome = Outcome(result=True, comment=SECRET, changes={"new": SECRET}, warnings=(SECRET,))
    assert SECRET in str(outcome.shown(chunk()))
    shown = outcome.shown(chunk(no_log=True))
    assert SECRET not in str(shown)
    assert shown["changes"], "that something has changed is told"
    assert Outcome(result=True).shown(chunk(no_log=True))["changes"] == {}


def test_slot_fails_and_says_so(ctx: Context) -> None:
    plan = Planner(ctx, LIBRARY).plan(chunk(text="__slot__:salt:test.ping()"))
    assert (plan.result, plan.steps) == (False, ())
    assert "__slot__ is not supported yet" in plan.did
