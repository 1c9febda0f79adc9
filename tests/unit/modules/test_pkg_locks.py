"""Locks that real processes hold: who it is, and waiting until it is over."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from modules.pkg.locks import holder, wait_until_free
from shoal.errors import CommandError

HOLD = """
import fcntl, sys
held = open(sys.argv[1], "w")
getattr(fcntl, sys.argv[2])(held, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture(params=["lockf", "flock"])
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-c", HOLD, str(tmp_path / "lock"), request.param]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process  # its input ends with the block, and so does it


def test_file_that_nobody_locked_has_no_holder(tmp_path: Path) -> None:
    assert holder(str(tmp_path / "lock")) is None
    (tmp_path / "lock").touch()
    assert holder(str(tmp_path / "lock")) is None


def test_holder_is_named(other: subprocess.Popen[str], tmp_path: Path) -> None:
    found = holder(str(tmp_path / "lock"))
    assert found
    assert found.pid == other.pid
    assert found.program.startswith("python")


def test_lock_that_is_held_too_long_is_an_error(other: subprocess.Popen[str], tmp_path: Path) -> None:
    times = iter(range(100))
    told: list[str] = []
    with pytest.raises(CommandError) as error:
        wait_until_free(
            [str(tmp_path / "free"), str(tmp_path / "lock")],
            3,
            told.append,
            now=lambda: float(next(times)),
            pause=lambda seconds: None,
        )
    assert f"{tmp_path}/lock by process {other.pid} (python" in str(error.value)
    assert "after 3 seconds" in str(error.value)
    assert len(told) == 1


def test_lock_that_is_let_go_is_waited_for(other: subprocess.Popen[str], tmp_path: Path) -> None:
    wait_until_free([str(tmp_path / "lock")], 60, lambda text: None, pause=lambda s: end(other))
    assert other.poll() is not None


def end(other: subprocess.Popen[str]) -> None:
    assert other.stdin
    other.stdin.close()
    other.wait()
