"""`process.*` on real processes: those that the tests start themselves, and nobody else's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from modules.process import guard, signalling
from shoal.errors import ArgumentError, ModuleError
from shoal.wire import encode, plain

Ask = Callable[[str], Any]
MARK = "quiet-haddock-of-the-tests"
STARTS = "import sys; sys.path.insert(0, sys.argv.pop(1)); from minion.executor.main import main; main()"


@pytest.fixture
def haddock() -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits for its input to end, and can be told by its command line."""
    code = "import sys; print('up', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-SE", "-c", code, MARK], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as started:
        assert started.stdout
        started.stdout.readline()
        yield started
        started.kill()


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let process lists hold only these processes: a pattern that goes wrong must not reach this box's others."""

    def narrow(*pids: int) -> None:
        def narrowed(attrs: Any = None) -> Iterator[psutil.Process]:
            for each in map(psutil.Process, pids):
                each.info = each.as_dict(attrs or [])  # type: ignore[attr-defined]
                yield each

        monkeypatch.setattr(psutil, "process_iter", narrowed)

    return narrow


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Signals are noted, not sent."""
    noted: list[tuple[int, int]] = []
    monkeypatch.setattr(psutil.Process, "send_signal", lambda self, number: noted.append((self.pid, number)))
    return noted


def test_lists(ask: Ask, haddock: subprocess.Popen[bytes]) -> None:
    assert {1, os.getpid(), haddock.pid} <= set(ask("process.get_pid_list"))
    assert ask("ps.num_cpus") == os.cpu_count()
    assert ask("process.boot_time") == int(psutil.boot_time())
    assert int(ask("process.boot_time time_format=%Y")) >= 2020


def test_what_is_known_of_one(ask: Ask, haddock: subprocess.Popen[bytes]) -> None:
    found = ask(f"process.proc_info {haddock.pid}")
    assert found["cmdline"][-1] == MARK
    assert found["cpu_times"]["user"] >= 0
    assert "environ" not in found
    encode(plain(found))
    assert ask(f"process.proc_info {haddock.pid} attrs=name,ppid") == {
        "name": found["name"],
        "ppid": os.getpid(),
    }


def test_field_or_process_that_is_not_there(ask: Ask) -> None:
    with pytest.raises(ArgumentError, match="shoe_size"):
        ask(f"process.proc_info {os.getpid()} attrs=shoe_size")
    with pytest.raises(ModuleError, match="there is no process 4194999"):
        ask("process.proc_info 4194999")
    with pytest.raises(ArgumentError):
        ask("process.proc_info -- -1")


def test_process_is_found_by_its_command_line(ask: Ask, haddock: subprocess.Popen[bytes]) -> None:
    user = psutil.Process().username()
    assert ask(f"process.pgrep {MARK} full=true") == [haddock.pid]
    assert ask(f"ps.pgrep {MARK} full=true user={user}") == [haddock.pid]
    assert ask(f"process.pgrep {MARK} full=true user=nobody-else") == []
    assert ask(f"process.pgrep {MARK}") == []
    assert ask(f"process.pgrep '^/.*{MARK[:5]}.h' full=true pattern_is_regex=true") == [haddock.pid]
    assert ask("process.pgrep 'q.iet-haddock' full=true") == []  # a dot is a dot


@pytest.mark.parametrize(
    "line", ["pgrep ''", "pgrep ' '", "pkill ''", "lsof ''", "pgrep '(' pattern_is_regex=true"]
)
def test_pattern_that_fits_everything_or_nothing(ask: Ask, sent: list[tuple[int, int]], line: str) -> None:
    with pytest.raises(ArgumentError):
        ask(f"process.{line}")
    assert sent == []


def test_process_is_ended_by_its_number(ask: Ask, haddock: subprocess.Popen[bytes]) -> None:
    assert ask(f"process.kill_pid {haddock.pid}") is True
    assert haddock.wait(10) == -signal.SIGTERM
    assert ask(f"process.kill_pid {haddock.pid}") is False


def test_process_is_ended_by_a_pattern(
    ask: Ask, haddock: subprocess.Popen[bytes], only: Callable[..., None]
) -> None:
    only(1, os.getpid(), haddock.pid)
    assert ask(f"process.pkill {MARK} full=true signal=KILL") == {
        "killed": [haddock.pid],
        "spared": [],
        "failed": [],
    }
    assert haddock.wait(10) == -signal.SIGKILL


@pytest.mark.parametrize("number", [1, os.getpid(), os.getppid()], ids=["init", "ourselves", "our parent"])
def test_guarded_process_only_by_number_and_force(ask: Ask, sent: list[tuple[int, int]], number: int) -> None:
    with pytest.raises(ModuleError, match=f"process {number} is .*force=true"):
        ask(f"process.kill_pid {number}")
    assert sent == []
    assert ask(f"process.kill_pid {number} signal=HUP force=true") is True
    assert sent == [(number, signal.SIGHUP)]


def test_init_is_guarded_even_if_it_did_not_start_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_ancestors", lambda: {os.getpid()})
    assert guard.guarded().keys() >= {1, os.getpid()}


def test_finding_tells_of_init_and_our_parents_but_not_of_us(ask: Ask, only: Callable[..., None]) -> None:
    only(1, os.getppid(), os.getpid())
    assert ask("process.pgrep '.' pattern_is_regex=true") == [1, os.getppid()]


@pytest.mark.parametrize("number", [0, -1, -4242])
def test_groups_are_no_processes(ask: Ask, sent: list[tuple[int, int]], number: int) -> None:
    with pytest.raises(ArgumentError, match="from 1 on"):
        ask(f"process.kill_pid pid={number} force=true")
    assert sent == []


def test_pattern_spares_init_us_and_our_parents(
    ask: Ask, haddock: subprocess.Popen[bytes], only: Callable[..., None], sent: list[tuple[int, int]]
) -> None:
    only(1, os.getppid(), os.getpid(), haddock.pid)
    process_names = {psutil.Process(pid).name() for pid in (1, os.getppid(), os.getpid(), haddock.pid)}
    found: dict[str, list[int]] = {"killed": [], "spared": [], "failed": []}
    for letter in sorted({name[0] for name in process_names}):
        for key, pids in ask(f"process.pkill {letter}").items():
            found[key] += pids
    assert set(found["spared"]) == {1, os.getppid(), os.getpid()}
    assert set(found["killed"]) == {haddock.pid} == {pid for pid, _ in sent}


@pytest.mark.parametrize(
    ("name", "words", "ours"),
    [
        ("shoal-executor", ["/opt/shoal/bin/python", "-c", STARTS, "/opt", "info", "text", ""], True),
        ("shoal-executor", [], True),
        ("python3", ["/usr/bin/python3", "-I", "-c", STARTS, "/opt", "info"], True),
        ("python3", ["/usr/bin/python3", "-I", "-m", "minion.cli.minion"], True),
        ("shoal-minion", ["/opt/shoal/bin/python", "/opt/shoal/bin/shoal-minion"], True),
        ("python3", ["/opt/shoal/bin/python", "/opt/shoal/bin/shoal-minion", "-l", "info"], True),
        ("shoal-master", ["/opt/shoal/bin/python", "/opt/shoal/bin/shoal-master"], False),
        ("vi", ["vi", "/etc/shoal/minion"], False),
        ("tail", ["tail", "-f", "/var/log/shoal-minion"], False),
        ("sshd", ["sshd"], False),
        ("python3", ["/usr/bin/python3"], False),
        ("kworker/0:1", [], False),
    ],
)
def test_minion_is_known_also_when_its_daemon_is_not_our_parent(
    name: str, words: list[str], ours: bool
) -> None:
    assert guard._is_minion(SimpleNamespace(info={"name": name, "cmdline": words})) is ours


def test_minion_that_a_pattern_fits_is_spared(
    ask: Ask, tmp_path: Path, only: Callable[..., None], sent: list[tuple[int, int]]
) -> None:
    script = tmp_path / "shoal-minion"
    script.write_text("import sys; print('up', flush=True); sys.stdin.read()")
    with subprocess.Popen(
        [sys.executable, "-SE", str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as daemon:
        try:
            assert daemon.stdout
            daemon.stdout.readline()
            only(daemon.pid)
            assert ask("process.pkill shoal full=true")["spared"] == [daemon.pid]
            with pytest.raises(ModuleError, match="the minion's"):
                ask(f"process.kill_pid {daemon.pid}")
            assert sent == []
        finally:
            daemon.kill()


@pytest.mark.parametrize("name", ["15", "term", "TERM", "SIGTERM"])
def test_spellings_of_a_signal(name: str) -> None:
    assert signalling.signal_number(name) == 15


@pytest.mark.parametrize("name", ["", "0", "-1", "99", "NOPE", "SIG_IGN", "SIG"])
def test_what_is_no_signal(ask: Ask, name: str) -> None:
    with pytest.raises(ArgumentError, match="is no signal"):
        ask(f"process.kill_pid 4194999 signal='{name}'")


def test_signal_that_we_may_not_send(
    ask: Ask, only: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: psutil.Process, _number: int) -> None:
        raise psutil.AccessDenied(self.pid)

    with subprocess.Popen([sys.executable, "-SE", "-c", "input()", MARK], stdin=subprocess.PIPE) as other:
        only(other.pid)
        with monkeypatch.context() as patch:
            patch.setattr(psutil.Process, "send_signal", refuse)
            name = psutil.Process(other.pid).name()
            assert ask(f"process.pkill {name}")["failed"] == [other.pid]
            with pytest.raises(ModuleError, match=f"may not signal process {other.pid}"):
                ask(f"process.kill_pid {other.pid}")
        other.kill()


def test_busiest_processes(ask: Ask) -> None:
    found = ask("ps.top num_processes=2 interval=0.01")
    assert len(found) == 2
    assert {"cmd", "user", "status", "pid", "create_time", "cpu", "mem"} == set(found[0])
    assert found[0]["cpu"]["percent"] >= found[1]["cpu"]["percent"]
    with pytest.raises(ArgumentError):
        ask("process.top interval=0")


def test_lines_as_of_ps(ask: Ask, haddock: subprocess.Popen[bytes]) -> None:
    name, lines, count = ask(f"process.psaux {MARK}")
    assert (name, count) == (MARK, "1 occurrence(s).")
    assert str(haddock.pid) in lines[0].split()
    assert lines[0].endswith(MARK)


def test_open_files(ask: Ask, haddock: subprocess.Popen[bytes], only: Callable[..., None]) -> None:
    only(haddock.pid)
    found = ask(f"process.lsof {psutil.Process(haddock.pid).name()[:4]}")
    assert {row["pid"] for row in found} == {haddock.pid}
    assert {0, 1, 2} <= {row["fd"] for row in found}
    assert next(row["path"] for row in found if row["fd"] == 0).startswith("pipe:[")
    assert (
        ask(f"process.lsof {psutil.Process(haddock.pid).name()[1:]}") == []
    )  # it begins with something else


def test_processes_in_a_state(ask: Ask, haddock: subprocess.Popen[bytes]) -> None:
    psutil.Process(haddock.pid).suspend()
    os.waitpid(haddock.pid, os.WUNTRACED)  # returns when it has stopped
    assert haddock.pid in [row["pid"] for row in ask("ps.status stopped")]
    assert haddock.pid not in [row["pid"] for row in ask("process.status zombie")]
    with pytest.raises(ArgumentError, match="zombie"):
        ask("process.status tired")
