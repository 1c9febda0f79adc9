"""The journal of runs: on the disk before a step is made, read back as it was, cut off by a power cut at any byte."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from shoal.errors import ModuleError
from states.engine.chunk import Chunk
from states.engine.journal import RunJournal, forget_old, interrupted, recorded, runs
from states.plan import Call, Step

JID = "20261121093000123456"
CHUNK = Chunk(state="file", fun="absent", name="/x", id="gone", sls="web", env="base")
STEP = Step(
    do=Call(fun="file.remove", args=("/x",)),
    undo=Call(fun="file.write", args=("/x", "old"), kwargs={"mode": "0600"}),
)
FINAL = Step(do=Call(fun="cmd.run", args=("reboot",)), final="it cannot be known")


def write(folder: Path, jid: str = JID, *, end: bool = True) -> Path:
    journal = RunJournal(folder, jid, {"fun": "state.sls"})
    for step in (STEP, FINAL):
        journal.intend(CHUNK, step, reaction=False)
        journal.made(CHUNK, step)
    if end:
        journal.end()
    return folder / f"{jid}.jsonl"


def test_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = write(tmp_path / "states")
    run = recorded(tmp_path / "states", JID)
    assert (run.asked, run.ended) == ({"fun": "state.sls"}, True)
    assert [(step.id, step.tag, step.undo, step.final, step.made) for step in run.steps] == [
        ("gone", CHUNK.tag, STEP.undo, "", True),
        ("gone", CHUNK.tag, None, "it cannot be known", True),
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_run_that_changes_nothing_leaves_nothing(tmp_path: Path) -> None:
    journal = RunJournal(tmp_path / "states", JID, {})
    journal.end()
    assert not (tmp_path / "states").exists()
    with pytest.raises(ModuleError, match="has changed nothing"):
        recorded(tmp_path / "states", JID)


def test_step_is_there_before_it_is_made(tmp_path: Path) -> None:
    journal = RunJournal(tmp_path, JID, {})
    journal.intend(CHUNK, STEP, reaction=False)
    assert [step.made for step in recorded(tmp_path, JID).steps] == [False]


def test_file_that_is_cut_off_anywhere_tells_of_every_whole_line(tmp_path: Path) -> None:
    path = write(tmp_path)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        run = recorded(tmp_path, JID)
        lines = whole[:length].count(b"\n")
        assert len(run.steps) == (lines >= 2) + (lines >= 4)
        assert not run.ended


def test_run_without_its_end_was_interrupted(tmp_path: Path) -> None:
    write(tmp_path, "20261121093000000001")
    write(tmp_path, "20261121093000000002", end=False)
    assert [run.jid for run in interrupted(tmp_path)] == ["20261121093000000002"]


def test_old_runs_are_forgotten(tmp_path: Path) -> None:
    for number in range(5):
        write(tmp_path, f"2026112109300000000{number}")
    forget_old(tmp_path, 2)
    assert runs(tmp_path) == ["20261121093000000003", "20261121093000000004"]


@pytest.mark.parametrize("jid", ["../../etc/passwd", "", "2026", "2026112109300012345x"])
def test_job_id_that_is_none_becomes_no_path(tmp_path: Path, jid: str) -> None:
    with pytest.raises(ModuleError, match="bad job id"):
        recorded(tmp_path, jid)


@pytest.mark.parametrize(
    "line", [b"{}\n", b"[]\n", b'{"op":"made","n":7}\n', b'{"op":"intend"}\n', b"\xff\n"]
)
def test_damaged_journal_is_refused(tmp_path: Path, line: bytes) -> None:
    path = write(tmp_path)
    path.write_bytes(path.read_bytes() + line)
    with pytest.raises(ModuleError, match="is damaged"):
        recorded(tmp_path, JID)


def test_disk_that_refuses_keeps_the_step_from_being_made(tmp_path: Path) -> None:
    (tmp_path / "states").write_text("in the way")
    with pytest.raises(ModuleError, match="so nothing is changed"):
        RunJournal(tmp_path / "states", JID, {}).intend(CHUNK, STEP, reaction=False)


def test_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    (tmp_path / f"{JID}.jsonl").symlink_to(victim)
    with pytest.raises(ModuleError):
        RunJournal(tmp_path, JID, {}).intend(CHUNK, STEP, reaction=False)
    assert not victim.exists()
