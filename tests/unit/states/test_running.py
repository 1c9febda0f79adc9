"""A run on a real file system: what a plan says is done, verified, written down, and taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modules.context import Context
from modules.file.removing import remove
from modules.file.writing import write
from modules.result import Result
from shoal.errors import ModuleError
from states.engine.apply import Applier
from states.engine.chunk import Chunk
from states.engine.journal import RunJournal
from states.engine.planner import Planner
from states.engine.session import Session, StateOptions
from states.execution import state
from states.plan import Plan, Step, call, failed, unchanged
from tests.unit.states.bench import JID, LIBRARY, NoJournal, box


class Planned(Planner):
    """Plans a file with a content, without the `file` states: the plan is the test's."""

    def __init__(self, ctx: Context, path: Path, *, lies: bool = False) -> None:
        super().__init__(ctx, LIBRARY)
        self.path = path
        self.lies = lies

    def plan(self, chunk: Chunk) -> Plan:
        want = f"{chunk.args['text']}\n"
        if not self.lies and self.path.exists() and self.path.read_text() == want:
            return unchanged("it is there")
        undo = (
            call(remove, str(self.path))
            if not self.path.exists()
            else call(write, str(self.path), self.path.read_text())
        )
        step = Step(do=call(write, str(self.path), want.rstrip()), undo=undo)
        return Plan(steps=(step,), changes={"new": want}, would="it would be written", did="it is written")


def chunk(**args: Any) -> Chunk:
    return Chunk(state="file", fun="managed", name="x", id="x", sls="web", env="base", args=args)


def test_test_run_touches_nothing(tmp_path: Path) -> None:
    ctx, target, journal = box(tmp_path, {}), tmp_path / "x", NoJournal()
    outcome = Applier(ctx, Planned(ctx, target), journal).apply(chunk(text="a"), True, None)
    assert (outcome.result, outcome.changes, outcome.comment) == (None, {"new": "a\n"}, "it would be written")
    assert (target.exists(), journal.steps) == (False, [])


def test_plan_is_made_and_looked_at_again(tmp_path: Path) -> None:
    ctx, target = box(tmp_path, {}), tmp_path / "x"
    applier = Applier(ctx, Planned(ctx, target), NoJournal())
    first, second = (applier.apply(chunk(text="a"), False, None) for _ in range(2))
    assert (first.result, first.changes, first.comment) == (True, {"new": "a\n"}, "it is written")
    assert (second.result, second.changes, second.comment) == (True, {}, "it is there")
    assert target.read_text() == "a\n"


def test_what_does_not_converge_has_failed(tmp_path: Path) -> None:
    ctx = box(tmp_path, {})
    outcome = Applier(ctx, Planned(ctx, tmp_path / "x", lies=True), NoJournal()).apply(
        chunk(text="a"), False, None
    )
    assert outcome.result is False
    assert "is not as it should be" in outcome.comment


def test_steps_are_undone_in_reverse(tmp_path: Path) -> None:
    ctx, target = box(tmp_path, {}), tmp_path / "x"
    session = Session(ctx, StateOptions())
    journal = RunJournal(session.folder, JID, {"fun": "state.sls"})
    applier = Applier(ctx, Planned(ctx, target), journal)
    for text in ("first", "second"):
        assert applier.apply(chunk(text=text), False, None).result
    journal.end()
    shown = state.rollback(ctx, JID, test=True)
    assert [each["undo"] for each in shown.value] == [f"file.write({target}, …)", f"file.remove({target})"]
    assert target.read_text() == "second\n"
    done = state.rollback(ctx, JID)
    assert (done.retcode, [each["result"] for each in done.value]) == (0, [True, True])
    assert not target.exists()


def test_run_with_what_cannot_be_undone_is_refused_before_anything_is_undone(tmp_path: Path) -> None:
    ctx = box(tmp_path, {"web.sls": "a:\n  cmd.run:\n    - name: 'true'\n"})
    state.sls(ctx, "web")
    (run,) = state.history(ctx)
    assert (run["changes"], run["can_roll_back"], run["fun"]) == (1, False, "state.sls")
    with pytest.raises(ModuleError, match="a cannot be undone: what a command did"):
        state.rollback(ctx, JID)
    with pytest.raises(ModuleError, match="has changed nothing by the state 'b'"):
        state.rollback(ctx, JID, "b")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "a:\n  test.nop:\n   - require: [test: b]\n",
            ["web.sls:2: referenced state does not exist", "no such state"],
        ),
        (
            "alder:\n  test.nop: []\nb:\n  test.nop:\n   - require: [test: aldr]\n",
            ["Did you mean test: alder"],
        ),
        (
            "a:\n  test.nop:\n   - require: [test: b]\nb:\n  test.nop:\n   - require: [a]\n",
            ["a circle: test: a in web --require--> test: b"],
        ),
        ("a: [\n", ["web.sls:2", "rendering SLS 'base:web' failed"]),
        ("a: {{ nothing.there }}\n", ["web.sls:1", "> 1 | a: {{ nothing.there }}"]),
        ("include: [webb]\n", ["SLS webb that web includes is not available. Did you mean web?"]),
        ("a:\n  test.nop:\n", ["a colon and no arguments"]),
        ("a:\n  test: [nop, succeed_with_changes]\n", ["too many functions"]),
        ("a:\n  test.nop: []\na:\n  test.nop: []\n", ["conflicting ID", "web.sls:3"]),
    ],
)
def test_what_does_not_compile_is_told_with_its_place(tmp_path: Path, text: str, said: list[str]) -> None:
    result = state.sls(box(tmp_path, {"web.sls": text}), "web")
    told = "\n".join(result.value)
    assert result.retcode == 1
    assert all(each in told for each in said), told


def test_state_that_is_not_there_or_takes_other_arguments_fails_alone(tmp_path: Path) -> None:
    text = "a:\n  test.npo: []\nb:\n  cmd.run:\n   - cmwd: /\nc: test.nop\n"
    result = state.sls(box(tmp_path, {"web.sls": text}), "web")
    a, b, c = sorted(result.value.values(), key=lambda each: each["__run_num__"])
    assert result.retcode == 2
    assert "Did you mean: test.nop?" in a["comment"]
    assert "cmwd" in b["comment"]
    assert c["result"] is True


def test_pillar_of_one_run_goes_over_the_boxs_own(tmp_path: Path) -> None:
    text = "a:\n  test.show_notification:\n   - text: {{ pillar.port }} {{ pillar.host }}\n"
    ctx = box(tmp_path, {"web.sls": text}, pillar={"port": 80, "host": "h"})
    result = state.sls(ctx, "web", StateOptions(pillar={"port": 8080}))
    assert [each["comment"] for each in result.value.values()] == ["8080 h"]


def test_top_file_says_what_a_box_gets(tmp_path: Path) -> None:
    files = {
        "top.sls": (
            "base:\n  'nobody': [never]\n"
            "  'G@os:Debian and T@site:paris':\n    - match: compound\n    - web\n    - sub.*\n"
        ),
        "web.sls": "w: test.nop\n",
        "sub/one.sls": "one: test.nop\n",
        "sub/two/init.sls": "two: test.nop\n",
    }
    ctx = box(tmp_path, files)
    assert state.show_top(ctx) == {"base": ["web", "sub.*"]}
    assert state.show_states(ctx) == ["web", "sub.one", "sub.two"]
    result = state.apply_(ctx)
    assert [each["__sls__"] for each in result.value.values()] == ["web", "sub.one", "sub.two"]


def test_box_without_states_is_told_so(tmp_path: Path) -> None:
    result = state.highstate(box(tmp_path, {"top.sls": "base:\n  'x': [web]\n"}))
    assert (result.retcode, "no top file gives a state to box" in result.value[0]) == (1, True)


def test_single_state_and_single_id(tmp_path: Path) -> None:
    ctx = box(tmp_path, {"web.sls": "a:\n  test.succeed_with_changes: []\nb: test.nop\n"})
    assert isinstance(state.single(ctx, "test.nop", "x"), Result)
    (only,) = state.sls_id(ctx, "a", "web", StateOptions(test=True)).value.values()
    assert (only["__id__"], only["result"]) == ("a", None)
    with pytest.raises(ModuleError, match="has the id 'c'"):
        state.sls_id(ctx, "c", "web")


def test_failed_plan_is_a_failed_state() -> None:
    assert not failed("no").empty
