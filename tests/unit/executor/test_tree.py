"""Finding the processes of a job."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from minion.executor import tree


@pytest.fixture
def family() -> Iterator[subprocess.Popen[bytes]]:
    """A shell with a strange name, in a session of its own, with two children."""
    process = subprocess.Popen(["sh", "-c", "sleep 60 & sleep 61 & wait"], start_new_session=True)
    end = time.monotonic() + 5
    while len(tree.below([process.pid])) < 3:
        assert time.monotonic() < end
    yield process
    tree.kill(process.pid)
    process.wait()


def test_names_with_spaces_and_parentheses_are_read() -> None:
    code = "import time; open('/proc/self/comm', 'w').write('a) S (b'); print(flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-S", "-c", code], stdout=subprocess.PIPE)
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        found = tree.read(process.pid)
        assert found is not None
        assert (found.parent, found.session) == (os.getpid(), os.getsid(0))
        assert found.state in "SR"
        process.kill()


def test_no_such_process() -> None:
    assert tree.read(2**22 + 1) is None
    assert tree.below([2**22 + 1]) == set()


def test_descendants_are_found(family: subprocess.Popen[bytes]) -> None:
    found = tree.below([family.pid])
    assert {proc.pid for proc in found} > {family.pid}
    assert {proc.session for proc in found} == {family.pid}
    assert os.getpid() not in {proc.pid for proc in found}


def test_a_pid_that_was_given_away_is_left_alone(family: subprocess.Popen[bytes]) -> None:
    found = tree.read(family.pid)
    assert found is not None
    other = found._replace(start=found.start + 1)
    tree.send([other], signal.SIGKILL)
    assert not tree.left([other], 0)
    time.sleep(0.05)
    assert family.poll() is None
    assert tree.left([found], 0) and not tree.left([found], family.pid)


def test_kill_ends_all(family: subprocess.Popen[bytes]) -> None:
    found = tree.below([family.pid])
    tree.kill(family.pid)
    assert family.wait(5) == -signal.SIGKILL
    end = time.monotonic() + 5
    while tree.left(found, 0):
        assert time.monotonic() < end


def test_kill_ends_what_is_left_of_a_dead_parent(family: subprocess.Popen[bytes]) -> None:
    found = tree.below([family.pid])
    family.kill()
    family.wait()
    assert tree.left(found, family.pid)
    tree.kill(0, found)
    end = time.monotonic() + 5
    while tree.left(found, 0):
        assert time.monotonic() < end
