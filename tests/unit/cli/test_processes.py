"""The programs as processes: terminals, Ctrl-C, readers that leave, and what a start costs."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from tests.unit.cli.fake_master import JID, FakeMaster, Message, done, job, returned

HEAVY = {
    "asyncio", "yaml", "json", "zmq", "sqlalchemy", "alembic", "nacl", "logging", "dataclasses", "inspect",
    "secrets", "hashlib", "random", "subprocess", "ssl", "tornado", "shutil", "traceback", "shoal.targets",
    "shoal.ids", "shoal.config",
}  # fmt: skip
WAIT_S = 20


def program(name: str, root: Path, *words: str) -> list[str]:
    code = f"import sys; from master.cli.{name} import main; sys.argv[0] = 'x'; sys.exit(main())"
    return [sys.executable, "-c", code, "--root", str(root), *words]


def _default_interrupt() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a test run in the background ignores it


@pytest.fixture
def hold() -> Iterator[threading.Event]:
    """Holds the master back until it is set."""
    event = threading.Event()
    yield event
    event.set()


def line(stream: IO[bytes] | None) -> bytes:
    assert stream is not None
    return stream.readline()


def test_results_stream(master: FakeMaster, root: Path, hold: threading.Event) -> None:
    master.says(job("a", "b"), returned("a"), hold, returned("b"), done())
    with subprocess.Popen(program("shoal", root, "*", "test.ping"), stdout=subprocess.PIPE) as running:
        assert [line(running.stdout), line(running.stdout)] == [b"a:\n", b"    True\n"]
        hold.set()
        out, _ = running.communicate(timeout=WAIT_S)
    assert (out, running.returncode) == (b"b:\n    True\n", 0)


def test_interrupted_job_says_where_to_look(master: FakeMaster, root: Path, hold: threading.Event) -> None:
    master.says(job("a", "b"), returned("a"), hold)
    with subprocess.Popen(
        program("shoal", root, "*", "test.ping"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=_default_interrupt,
    ) as running:  # fmt: skip
        assert [line(running.stdout), line(running.stdout)] == [b"a:\n", b"    True\n"]
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=WAIT_S)
    assert (running.returncode, out) == (1, b"")
    assert err.decode() == (
        f"\nThis job's jid is: {JID}\n"
        "The minions may not have all finished running and any remaining minions will return upon completion. "
        f"To look up the return data for this job later, run:\n\nshoal-run jobs.lookup_jid {JID}\n"
    )


def test_interrupted_static_job_shows_what_came(
    master: FakeMaster, root: Path, hold: threading.Event
) -> None:
    master.says(returned("a"), job("a", "b"), hold)
    with subprocess.Popen(
        program("shoal", root, "-s", "--show-jid", "*", "test.ping"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=_default_interrupt,
    ) as running:  # fmt: skip
        assert line(running.stdout) == f"jid: {JID}\n".encode()
        running.send_signal(signal.SIGINT)
        out, _ = running.communicate(timeout=WAIT_S)
    assert (running.returncode, out) == (1, b"a:\n    True\n")


def test_interrupted_events_are_quiet(master: FakeMaster, root: Path, hold: threading.Event) -> None:
    master.says({"event": "event", "tag": "t", "time": 0.0, "data": {}}, hold)
    with subprocess.Popen(
        program("run", root, "state.event"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=_default_interrupt,
    ) as running:  # fmt: skip
        assert line(running.stdout).startswith(b"t\t{")
        running.send_signal(signal.SIGINT)
        assert running.communicate(timeout=WAIT_S) == (b"", b"")
    assert running.returncode == 130


def test_reader_that_leaves_is_no_error(master: FakeMaster, root: Path) -> None:
    many = [f"m{number}" for number in range(3000)]
    master.says(job(*many), *(returned(name, "x" * 100) for name in many), done())
    with subprocess.Popen(
        program("shoal", root, "*", "test.ping"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert line(running.stdout) == b"m0:\n"
        assert running.stdout is not None
        running.stdout.close()
        assert running.stderr is not None
        assert running.stderr.read() == b""
    assert running.wait(WAIT_S) == 141


def test_status_line_on_a_terminal(master: FakeMaster, root: Path, hold: threading.Event) -> None:
    master.says(job("a", "b"), hold, returned("a"), returned("b"), done())
    code = (
        "import sys; from master.cli import progress; progress.AFTER_S = 0.0; progress.TICK_S = 0.05\n"
        "from master.cli.shoal import main; sys.exit(main())"
    )
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", code, "--root", str(root), "*", "test.ping", "--no-color"],
        stdout=follower, stderr=follower,
    ) as running:  # fmt: skip
        os.close(follower)
        seen = b""
        while seen.count(b"waiting for: a, b") < 2:  # drawn, and redrawn by a tick
            seen += os.read(leader, 65536)
        hold.set()
        try:
            while chunk := os.read(leader, 65536):
                seen += chunk
        except OSError:
            pass  # how a terminal says that the program is gone
    os.close(leader)
    assert running.wait(WAIT_S) == 0
    clear, text = "\r\x1b[K", seen.decode()
    assert text.startswith(f"{clear}0/2 returned, waiting for: a, b{clear}")
    assert f"{clear}a:\r\n    True\r\n" in text
    assert text.endswith("b:\r\n    True\r\n")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("shoal", ["--version"]),
        ("shoal", ["*", "test.ping"]),
        ("shoal", ["*", "test.ping", "-t", "3", "--out=nested"]),
        ("key", ["-L"]),
        ("run", ["manage.up"]),
        ("master", ["--version"]),
    ],
)
def test_start_imports_nothing_heavy(master: FakeMaster, root: Path, name: str, words: list[str]) -> None:
    plain: Message = {"op": "x", "minions": {}, "value": None, "retcode": 0}
    master.script = lambda request: (
        [job("a"), returned("a"), done()] if request["op"] == "run" else [{"done": plain}]
    )
    code = (
        "import sys; before = set(sys.modules)\n"
        f"from master.cli.{name} import main; code = main()\n"
        "print('loaded', *set(sys.modules) - before); sys.exit(code)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, "--root", str(root), *words],
        capture_output=True, text=True, timeout=WAIT_S, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    loaded = set(ran.stdout.splitlines()[-1].split()[1:])
    assert f"master.cli.{name}" in loaded
    assert not loaded & HEAVY
    assert not [module for module in loaded if module.startswith("shoal.completion")]
