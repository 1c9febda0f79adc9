"""Jobs that an earlier executor had begun: run again, asked about, or answered for, as their function declares."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoal.returns import Return
from tests.integration.executor.rig import Rig, make_job

SOURCE = '''
from pathlib import Path

from modules.context import Context
from shoal.functions.function import function


def _applied(ctx: Context, path: str, says: str = "") -> bool | None:
    if says == "raise":
        raise OSError("no such bus")
    return {"yes": True, "no": False}.get(says)


@function(replay="check", probe=_applied)
def look(ctx: Context, path: str, says: str = "") -> str:
    """Leave a mark."""
    return _mark(path)


@function(replay="safe")
def again(ctx: Context, path: str) -> str:
    """Leave a mark."""
    return _mark(path)


@function
def once(ctx: Context, path: str) -> str:
    """Leave a mark."""
    return _mark(path)


def _mark(path: str) -> str:
    with Path(path).open("a") as out:
        out.write("x")
    return "ran"
'''
BEGUN = 1_800_000_000.0


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    return tmp_path / "marks"


@pytest.fixture
def rig(cold: Rig) -> Rig:
    (cold.folder / "resumed.py").write_text(SOURCE)
    return cold.up()


def resumed(rig: Rig, fun: str, *args: str) -> Return:
    job = make_job(fun, *args)
    rig.client.resume(job, BEGUN)
    return rig.wait(job)


@pytest.mark.parametrize(
    ("fun", "says", "outcome", "effects"),
    [
        ("resumed.again", (), "done", "x"),
        ("resumed.once", (), "outcome_unknown", ""),
        ("resumed.look", ("yes",), "done", ""),
        ("resumed.look", ("no",), "done", "x"),
        ("resumed.look", ("cannot tell",), "outcome_unknown", ""),
        ("resumed.look", ("raise",), "outcome_unknown", ""),
        ("resumed.gone", (), "outcome_unknown", ""),
        ("no_module.at_all", (), "outcome_unknown", ""),
    ],
)
def test_interrupted_job(
    rig: Rig, marks: Path, fun: str, says: tuple[str, ...], outcome: str, effects: str
) -> None:
    ret = resumed(rig, fun, str(marks), *says)
    assert (ret.outcome, marks.read_text() if marks.exists() else "") == (outcome, effects)
    assert ret.success == (outcome == "done")


def test_what_is_said_of_it(rig: Rig, marks: Path) -> None:
    unknown = resumed(rig, "resumed.once", str(marks)).value()
    assert "begun at 2027-01-15 08:00:00 UTC" in unknown
    assert "whether and how far it ran is not known" in unknown
    assert "no such bus" in resumed(rig, "resumed.look", str(marks), "raise").value()
    assert "its effect is there" in resumed(rig, "resumed.look", str(marks), "yes").value()


def test_inline_function_is_run_again(rig: Rig) -> None:
    assert resumed(rig, "test.ping").value() is True


def test_function_that_would_not_begin_again_is_unknown_and_not_refused(cold: Rig, marks: Path) -> None:
    (cold.folder / "resumed.py").write_text(SOURCE)
    rig = cold.up(process_count_max=1, queue_max=0)
    busy = rig.send("cmd.run", "sleep 30")
    rig.until_started(busy)
    ret = resumed(rig, "resumed.again", str(marks))
    assert (ret.outcome, marks.exists()) == ("outcome_unknown", False)
    assert "as many as it may have" in ret.value()


def test_check_without_a_probe_is_refused_where_it_is_written() -> None:
    from shoal.functions.function import function

    with pytest.raises(TypeError, match="go together"):
        function(replay="check")(lambda ctx: True)
    with pytest.raises(TypeError, match="go together"):
        function(probe=lambda ctx: True)(lambda ctx: True)
