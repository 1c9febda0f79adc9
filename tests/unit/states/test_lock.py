"""One run of states at a time, by a lock that goes with its process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from shoal.errors import ModuleError
from states.engine.lock import running, sole_run

_HOLD = """
import sys, time
from pathlib import Path
from states.engine.lock import sole_run
with sole_run(Path(sys.argv[1]), "state.apply, job 1"):
    print("held", flush=True)
    time.sleep(600)
"""


def test_second_run_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    with sole_run(tmp_path, "state.apply, job 1"):
        assert running(tmp_path) == "state.apply, job 1"
        with (
            pytest.raises(ModuleError, match=r"another run of states is under way: state\.apply, job 1"),
            sole_run(tmp_path, "2"),
        ):
            pass
    assert running(tmp_path) == ""
    with sole_run(tmp_path, "2"):
        pass


def test_lock_goes_with_a_process_that_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert running(tmp_path) == "state.apply, job 1"
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
    assert running(tmp_path) == ""
    with sole_run(tmp_path, "2"):
        pass


def test_run_that_queues_waits_for_the_other(tmp_path: Path) -> None:
    first = sole_run(tmp_path, "1")
    first.__enter__()
    naps: list[float] = []

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            first.__exit__(None, None, None)

    with sole_run(tmp_path, "2", wait_s=60, sleep=sleep):
        assert len(naps) == 3


def test_run_that_queues_gives_up_in_the_end(tmp_path: Path) -> None:
    with (
        sole_run(tmp_path, "1"),
        pytest.raises(ModuleError),
        sole_run(tmp_path, "2", wait_s=2, sleep=lambda _s: None),
    ):
        pass
