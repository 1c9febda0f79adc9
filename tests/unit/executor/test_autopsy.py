"""What is said of a process that left no result."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from minion.executor.autopsy import Death, OomWatch, explain, signal_name
from minion.executor.settings import ExecutorSettings
from shoal.clock import FakeClock

MIB = 1024 * 1024
FREE = ExecutorSettings(minion_id="a")
TIGHT = ExecutorSettings(minion_id="a", memory_max_bytes=64 * MIB, cpu_max_s=3)


def _exit(code: int) -> int:
    return code << 8


@pytest.mark.parametrize(
    ("death", "settings", "outcome", "text"),
    [
        (Death(_exit(0)), FREE, "failed", "exit status 0 instead of returning"),
        (Death(_exit(5)), FREE, "failed", "exit status 5 instead of returning"),
        (Death(_exit(71)), TIGHT, "killed", "ran out of memory (memory limit 64 MiB)"),
        (Death(_exit(72)), FREE, "killed", "was sent SIGTERM"),
        (Death(_exit(74)), FREE, "failed", "closed the descriptor"),
        (Death(signal.SIGSEGV, 30 * 1024), FREE, "killed", "by SIGSEGV; it had used up to 30 MiB of memory."),
        (Death(signal.SIGSEGV), TIGHT, "killed", "(memory limit 64 MiB)"),
        (Death(signal.SIGXCPU), TIGHT, "killed", "the limit of 3 s of CPU time (SIGXCPU)"),
        (Death(signal.SIGKILL, cpu_s=3.1), TIGHT, "killed", "the limit of 3 s of CPU time (SIGKILL)"),
        (Death(signal.SIGKILL, cpu_s=1.0), TIGHT, "killed", "by SIGKILL from outside"),
        (Death(signal.SIGKILL, cpu_s=99.0), FREE, "killed", "by SIGKILL from outside"),
        (Death(signal.SIGKILL, 9 * 1024, 0.1, True), FREE, "killed", "ran out of memory; it had used up to 9 MiB"),
    ],
)  # fmt: skip
def test_it_names_the_cause(death: Death, settings: ExecutorSettings, outcome: str, text: str) -> None:
    said = explain(death, settings)
    assert said[0] == outcome
    assert text in said[1]


def test_core_flag_does_not_confuse() -> None:
    assert "SIGABRT" in explain(Death(signal.SIGABRT | 0x80), FREE)[1]


def test_unknown_signals_have_a_name_too() -> None:
    assert signal_name(9) == "SIGKILL"
    assert signal_name(63) == "signal 63"


def test_oom_watch_sees_a_rise_once(tmp_path: Path) -> None:
    clock, path = FakeClock(), tmp_path / "vmstat"
    path.write_text("nr_free 7\noom_kill 3\nx 1\n")
    watch = OomWatch(clock, path)
    assert not watch.killed()
    path.write_text("nr_free 7\noom_kill 4\nx 1\n")
    assert watch.killed()
    assert not watch.killed()


def test_oom_watch_forgets_what_happened_long_before(tmp_path: Path) -> None:
    clock, path = FakeClock(), tmp_path / "vmstat"
    path.write_text("nr_free 7\noom_kill 3\n")
    watch = OomWatch(clock, path)
    path.write_text("nr_free 7\noom_kill 4\n")
    watch.look()  # young enough: nothing is read
    assert watch.killed()
    path.write_text("nr_free 7\noom_kill 5\n")
    clock.advance(61)
    watch.look()
    assert not watch.killed()


@pytest.mark.parametrize("text", ["", "nothing here\n"])
def test_oom_watch_without_a_counter(tmp_path: Path, text: str) -> None:
    path = tmp_path / "vmstat"
    path.write_text(text)
    assert not OomWatch(FakeClock(), path).killed()
    assert not OomWatch(FakeClock(), tmp_path / "missing").killed()
