"""Custom grains: real files in real children."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from minion.executor import custom_child, custom_grains
from minion.executor.custom_file import CustomFile
from minion.executor.custom_grains import MAX_FILES, CustomGrains, gather_now
from minion.executor.settings import ExecutorSettings
from minion.loop import Loop
from tests.synced import custom_files

BASE = {"os": "Debian", "roles": ["web"]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "grains").mkdir()
    return tmp_path / "grains"


class Round:
    """Runs rounds and keeps what was told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.loop = Loop()
        self.told: list[tuple[dict[str, Any], list[str]]] = []
        self.custom = CustomGrains(self.loop, ExecutorSettings(minion_id="box"), lambda: None, self._done)

    def _done(self, grains: dict[str, Any], errors: list[str]) -> None:
        self.told.append((grains, errors))

    def until(self, rounds: int = 1) -> None:
        while len(self.told) < rounds:
            self.loop.run_once(20)

    def run(self) -> tuple[dict[str, Any], list[str]]:
        done = len(self.told)
        self.custom.start(custom_files(self.folder), BASE)
        self.until(done + 1)
        return self.told[-1]

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(dedent(text))


@pytest.fixture
def round_(folder: Path) -> Any:
    made = Round(folder)
    yield made
    made.custom.stop()
    made.loop.close()


def test_functions_give_grains_in_order(round_: Round) -> None:
    round_.write("b.py", "def later():\n    return {'x': 'b', 'b': {1: {2.5}}}\n")
    round_.write(
        "a.py",
        """
        import json
        from os.path import join

        def one():
            return {"x": "a", "a": (1, b"z")}

        def two(grains):
            return {"saw": [grains["os"], grains["a"], sorted(grains)], "changed": grains["roles"].append("y")}

        def helper(text):
            raise AssertionError("not called")

        def _private():
            raise AssertionError("not called")

        def optional(much=1, *, grains):
            return {"much": much}

        def none():
            return None
        """,
    )
    round_.write("note.txt", "nonsense")
    grains, errors = round_.run()
    assert errors == []
    assert grains == {
        "x": "b", "a": [1, "z"], "saw": ["Debian", [1, "z"], ["a", "os", "roles", "x"]], "changed": None, "much": 1,
        "b": {"1": [2.5]},
    }  # fmt: skip
    assert BASE == {"os": "Debian", "roles": ["web"]}


BAD = {
    "syntax.py": ("def x(:\n", "syntax.py cannot be loaded: SyntaxError"),
    "library.py": ("import nonesuch\n", "library.py cannot be loaded: ModuleNotFoundError: No module named"),
    "exits.py": ("raise SystemExit(3)\n", "exits.py cannot be loaded: SystemExit: 3"),
    "fails.py": ("def x():\n    1 / 0\n", "fails.py: x failed: ZeroDivisionError: division by zero"),
    "quits.py": ("def x():\n    raise SystemExit\n", "quits.py: x failed: SystemExit"),
    "kind.py": ("def x():\n    return [1]\n", "kind.py: x failed: TypeError: it returned a list, not a map of grains"),
    "huge.py": ("def x():\n    return {'x': 'y' * 10**6}\n", "huge.py: its grains have 1000"),
    "crash.py": ("import os\nos._exit(0)\n", "crash.py: its process ended before it had an answer"),
    "killed.py": ("import os\nos.kill(os.getpid(), 9)\n", "killed.py: its process ended before it had an answer"),
    "closes.py": ("import os\nos.closerange(3, 100)\n", "closes.py: its process ended before it had an answer"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(BAD))
def test_file_that_fails_is_named_and_costs_no_other(round_: Round, name: str) -> None:
    text, said = BAD[name]
    round_.write(name, text)
    round_.write("aaa.py", "def x():\n    return {'first': 1}\n")
    round_.write("zzz.py", "def x():\n    return {'last': 1}\n")
    grains, errors = round_.run()
    assert grains == {"first": 1, "last": 1}
    assert [error[: len(said)] for error in errors] == [said]


def test_child_that_sends_nonsense_is_killed(round_: Round, monkeypatch: pytest.MonkeyPatch) -> None:
    sleeper = subprocess.Popen(["sleep", "600"], start_new_session=True)
    real = custom_child.fork

    def fork(file: CustomFile, *rest: Any) -> tuple[int, int]:
        if file.name != "babbles.py":
            return real(file, *rest)
        read, write = os.pipe2(os.O_NONBLOCK)
        os.write(write, b"\xff" * 50)
        os.close(write)
        return sleeper.pid, read

    monkeypatch.setattr(custom_child, "fork", fork)
    round_.write("babbles.py", "")
    round_.write("z.py", "def x():\n    return {'last': 1}\n")
    grains, errors = round_.run()
    assert (grains, errors[0][:50]) == ({"last": 1}, "babbles.py: frame of 4294967295 bytes announced, m")
    assert sleeper.wait(20) == -signal.SIGKILL


def test_function_that_fails_costs_no_other_of_its_file(round_: Round) -> None:
    round_.write(
        "a.py", "def a():\n    return {'a': 1}\ndef b():\n    1 / 0\ndef c():\n    return {'c': 1}\n"
    )
    grains, errors = round_.run()
    assert (grains, len(errors)) == ({"a": 1, "c": 1}, 1)


def test_file_that_hangs_is_killed_with_what_it_started(
    round_: Round, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(custom_grains, "LIMIT_S", 0.5)
    mark = tmp_path / "pids"
    round_.write(
        "hangs.py",
        f"""
        import os, signal, subprocess, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen(["sleep", "600"])
        open({str(mark)!r}, "w").write(f"{{os.getpid()}} {{child.pid}}")
        time.sleep(600)
        """,
    )
    round_.write("z.py", "def x():\n    return {'last': 1}\n")
    grains, errors = round_.run()
    assert grains == {"last": 1}
    assert errors == ["hangs.py: it took longer than 0.5 s and was killed"]
    own, started = map(int, mark.read_text().split())
    assert os.waitstatus_to_exitcode(os.waitpid(own, 0)[1]) == -signal.SIGKILL
    assert gone(started)


def gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state in "ZX"


def test_all_grains_together_are_bounded(round_: Round) -> None:
    for number in range(4):
        round_.write(f"f{number}.py", f"def x():\n    return {{'g{number}': 'y' * 40_000}}\n")
    grains, errors = round_.run()
    assert sorted(grains) == ["g0", "g1"]
    assert ["with its grains all would have more than" in error for error in errors] == [True, True]


def test_more_files_than_are_run_are_told(round_: Round) -> None:
    for number in range(MAX_FILES + 1):
        round_.write(f"f{number:02}.py", "1/0\n" if number == MAX_FILES else "")
    grains, errors = round_.run()
    assert (grains, errors) == ({}, [f"f{MAX_FILES}.py: only the first {MAX_FILES} files are run"])


def test_wishes_during_a_round_make_one_more(round_: Round, tmp_path: Path) -> None:
    round_.write("a.py", "def x(grains):\n    return {'saw': grains['n']}\n")
    round_.write("b.py", "")
    for number in range(4):
        round_.custom.start(custom_files(round_.folder), {"n": number})
    round_.until(2)
    assert [grains for grains, _ in round_.told] == [{"saw": 0}, {"saw": 3}]


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_round_that_is_stopped_tells_nothing(round_: Round, turns: int) -> None:
    round_.write("a.py", "def x():\n    return {'a': 1}\n")
    round_.write("b.py", "import time\ntime.sleep(600)\n")
    round_.custom.start(custom_files(round_.folder), BASE)
    for _ in range(turns):
        round_.loop.run_once(0.2)
    round_.custom.stop()
    for _ in range(5):
        round_.loop.run_once(0)
    assert round_.told == []


def test_edit_is_seen_in_the_next_round(round_: Round) -> None:
    round_.write("a.py", "def x():\n    return {'a': 1}\n")
    assert round_.run() == ({"a": 1}, [])
    round_.write("a.py", "def x():\n    return {'a': 2}\n")
    assert round_.run() == ({"a": 2}, [])
    (round_.folder / "a.py").unlink()
    assert round_.run() == ({}, [])


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_no_descriptor_is_left_open(round_: Round) -> None:
    before = descriptors()
    for name, (text, _) in BAD.items():
        round_.write(name, text)
    round_.run()
    assert descriptors() == before


def test_child_does_not_hold_what_belongs_to_its_parent(folder: Path) -> None:
    read, write = os.pipe()
    (folder / "a.py").write_text(f"""
import os
def x():
    held = []
    for fd in ({read}, {write}):
        try:
            held.append(os.readlink(f"/proc/self/fd/{{fd}}"))
        except OSError:
            pass
    return {{"held": held}}
""")
    ours = str(Path(f"/proc/self/fd/{read}").readlink())
    loop, told = Loop(), []

    def release() -> None:
        os.close(read)
        os.close(write)

    custom = CustomGrains(
        loop, ExecutorSettings(minion_id="box"), release, lambda grains, _: told.append(grains["held"])
    )
    custom.start(custom_files(folder), BASE)
    while not told:
        loop.run_once(20)
    assert ours not in told[0]
    release()
    loop.close()


@pytest.mark.parametrize("how", ["altered", "gone", "a link to the same"])
def test_file_that_is_not_as_signed_is_not_run_and_costs_no_other(round_: Round, how: str) -> None:
    round_.write("a.py", "def x():\n    return {'a': 1}\n")
    round_.write("b.py", "def x():\n    return {'b': 1}\n")
    files = custom_files(round_.folder)
    if how == "altered":
        files[0].path.write_text("def x():\n    return {'a': 2}\n")
    else:
        moved = files[0].path.rename(round_.folder / "moved")
        if how == "a link to the same":
            files[0].path.symlink_to(moved)
    round_.custom.start(files, BASE)
    round_.until()
    grains, errors = round_.told[0]
    assert grains == {"b": 1}
    assert [str(files[0].path) in error and "is not loaded" in error for error in errors] == [True]


def test_call_without_a_daemon_waits_for_them(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "a.py").write_text("def x(grains):\n    return {'saw': grains['os']}\ndef y():\n    1 / 0\n")
    assert gather_now(custom_files(folder), BASE) == {"saw": "Debian"}
    assert "custom grains: a.py: y failed: ZeroDivisionError" in caplog.text
