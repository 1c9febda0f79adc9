"""Processes start from argv lists, within bounds, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from modules import shell
from modules.shell import Command, run, shell_argv, which
from shoal.errors import CommandError

PRINT_ARGS = "import sys; print(ascii(sys.argv[1:]))"


def python(code: str, *args: str, **options: Any) -> shell.Completed:
    # -S: without the packages of this environment it starts in half the time.
    return run(Command(argv=(sys.executable, "-S", "-c", code, *args), **options))


def sh(text: str, **options: Any) -> shell.Completed:
    return run(Command(argv=shell_argv(text), **options))


def gone(pid: int) -> bool:
    """Wait a moment for process `pid` to be gone or a zombie that its new parent has yet to collect."""
    for _ in range(100):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.02)
    return False


def open_descriptors() -> set[int]:
    return {number for number in range(200) if Path(f"/proc/self/fd/{number}").is_symlink()}


def test_output_and_return_code_come_back() -> None:
    done = sh("echo out; echo err >&2; exit 3")
    assert (done.stdout, done.stderr, done.retcode, done.cut) == ("out\n", "err\n", 3, 0)


def test_merged_output_keeps_the_order_of_writing() -> None:
    assert sh("echo 1; echo 2 >&2; echo 3", merge=True).stdout == "1\n2\n3\n"


def test_death_by_signal_is_a_negative_return_code() -> None:
    assert sh("kill -9 $$").retcode == -9


@pytest.mark.parametrize(
    "text",
    [
        "; touch pwned",
        "$(touch pwned)",
        "`touch pwned`",
        "a\nb",
        "'",
        '"',
        "a b",
        "*",
        "&& ls",
        "| cat",
        ">x",
        "\\",
        "-n",
        "",
        "é",
    ],
)
def test_argument_arrives_as_one_word_whatever_is_in_it(text: str, tmp_path: Path) -> None:
    done = python(PRINT_ARGS, text, "end", cwd=str(tmp_path))
    assert done.stdout == ascii([text, "end"]) + "\n"
    assert list(tmp_path.iterdir()) == []


def test_nul_byte_is_refused() -> None:
    for command in (
        Command(argv=("echo", "a\0b")),
        Command(argv=("echo",), cwd="/\0"),
        Command(argv=("echo",), env={"A": "\0"}),
    ):
        with pytest.raises(CommandError) as caught:
            run(command)
        assert str(caught.value).isprintable()


@pytest.mark.parametrize("argv", [(), ("",)])
def test_empty_command_is_refused(argv: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="there is no command to run"):
        run(Command(argv=argv))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"argv": ("no-such-program", "x")}, "cannot start no-such-program x: no such program"),
        ({"argv": ("/etc",)}, "cannot start /etc: Permission denied"),
        (
            {"argv": ("ls",), "cwd": "/no/where"},
            "cannot start ls: working folder /no/where: No such file or directory",
        ),
        (
            {"argv": ("ls",), "runas": "no-such-user"},
            "cannot run as 'no-such-user': there is no such user on this box",
        ),
        ({"argv": ("ls",), "env": {"A=B": "x"}}, "'A=B' with its value cannot be an environment variable"),
        ({"argv": ("ls", "x" * 3_000_000)}, "Argument list too long"),
    ],
)
def test_failure_to_start_is_one_clear_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(CommandError) as caught:
        run(Command(**options))
    assert message in str(caught.value)
    assert len(str(caught.value)) < 300


def test_timeout_kills_children_and_grandchildren() -> None:
    started = time.monotonic()
    with pytest.raises(CommandError) as caught:
        sh("sh -c 'sleep 60 & echo $!; wait' & echo $!; wait", timeout_s=0.3)
    assert time.monotonic() - started < 3
    text = str(caught.value)
    assert " : Timed out after 0.3 seconds: " in text
    assert gone(int(text.rpartition(": ")[2]))  # its last words were the pid of the `sleep`


def test_timeout_kills_what_ignores_the_request_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell, "_TERM_S", 0.2)
    code = "import os, signal, time; signal.signal(15, signal.SIG_IGN); print(os.getpid(), flush=True); time.sleep(60)"
    started = time.monotonic()
    with pytest.raises(CommandError) as caught:
        python(code, timeout_s=0.4)
    assert gone(int(str(caught.value).rpartition(": ")[2]))
    assert time.monotonic() - started < 5


def test_timeout_ends_a_process_that_stops_reading_its_input() -> None:
    started = time.monotonic()
    with pytest.raises(CommandError, match="Timed out"):
        python("import os, time; os.read(0, 8192); time.sleep(60)", stdin="x" * 1_000_000, timeout_s=0.5)
    assert time.monotonic() - started < 5


def test_timeout_ends_a_process_that_has_closed_its_output() -> None:
    with pytest.raises(CommandError, match=r"Timed out after 0\.2 seconds"):
        sh("exec >&- 2>&-; exec sleep 60", timeout_s=0.2)


def test_timeout_ends_a_process_that_talks_without_end() -> None:
    with pytest.raises(CommandError, match="Timed out"):
        sh("yes", timeout_s=0.2, max_bytes=1000)


def test_quick_process_with_a_timeout_is_left_alone() -> None:
    assert sh("echo hi", timeout_s=5).stdout == "hi\n"


def test_exception_in_the_caller_kills_the_group(tmp_path: Path) -> None:
    note = tmp_path / "pid"

    def ring(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(KeyboardInterrupt):
            sh(f"echo $$ > {note}; sleep 60")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert gone(int(note.read_text()))


def test_background_child_does_not_hold_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modules.process_io._AFTER_EXIT_S", 0.1)
    started = time.monotonic()
    done = sh("sleep 60 & echo $!")
    assert time.monotonic() - started < 2
    pid = int(done.stdout)
    os.kill(pid, signal.SIGKILL)  # it was let live: it is a daemon that the operator started


def test_process_has_its_own_group_in_our_session() -> None:
    done = python("import os; print(os.getpid(), os.getpgrp(), os.getsid(0))")
    pid, group, session = map(int, done.stdout.split())
    assert (pid, group, session) == (done.pid, done.pid, os.getsid(0))


def test_endless_output_is_kept_within_the_limit() -> None:
    done = python("import sys; sys.stdout.write('a' * 70000 + 'b' * 70000)", max_bytes=1000)
    assert done.cut == 139_000
    assert done.stdout == "a" * 500 + "\n[... 139000 bytes cut ...]\n" + "b" * 500


def test_binary_output_is_readable_text() -> None:
    assert python("import os; os.write(1, bytes([65, 255, 0, 66]))").stdout == "A\\xff\x00B"


def test_stdin_is_empty_unless_given() -> None:
    assert sh("cat").stdout == ""
    assert sh("cat", stdin="päng\n").stdout == "päng\n"
    assert sh("cat", stdin=b"\xff").stdout == "\\xff"


def test_large_input_and_output_do_not_block_each_other() -> None:
    text = "0123456789" * 40_000
    assert sh("cat", stdin=text, max_bytes=1_000_000).stdout == text


def test_process_that_does_not_read_its_input_is_no_error() -> None:
    assert sh("echo hi", stdin="x" * 1_000_000).stdout == "hi\n"


def test_umask_applies_to_the_process_only(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        sh("touch file", umask=0o077, cwd=str(tmp_path))
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


def test_daemons_own_variables_are_not_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    dropped = [
        "LD_PRELOAD_X",
        "PYTHONPATH_X",
        "SHOAL_SECRET",
        "NOTIFY_SOCKET",
        "BASH_ENV",
        "LISTEN_FDS",
        "VIRTUAL_ENV",
    ]
    for name in dropped:
        monkeypatch.setenv(name, "leak")
    monkeypatch.setenv("KEPT", "yes")
    found = dict(
        line.partition("=")[::2] for line in sh("env", env={"LD_LIBRARY_PATH": "/opt"}).stdout.splitlines()
    )
    assert found["KEPT"] == "yes"
    assert found["LD_LIBRARY_PATH"] == "/opt"  # asked for, so it is meant
    assert "leak" not in found.values()


def test_clean_environment_has_only_the_path_and_what_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", "no")
    done = python("import os; print(sorted(os.environ))", clean_env=True, env={"A": "1"})
    assert set(eval(done.stdout)) - {"LC_CTYPE"} == {"A", "PATH"}


def test_path_is_there_when_the_daemon_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PATH")
    assert "/usr/bin" in run(Command(argv=("/bin/sh", "-c", "echo $PATH"))).stdout


def test_secret_does_not_appear_in_an_error() -> None:
    for options in ({"timeout_s": 0.2}, {}):
        with pytest.raises(CommandError) as caught:
            python(
                "import sys, time; print('said', sys.argv[1], flush=True); time.sleep(len(sys.argv[2:])); sys.exit(1)",
                "it's hush hush",
                *(["wait"] if options else []),
                secrets=("it's hush hush", ""),
                **options,
            ).must_succeed()
        assert "hush" not in str(caught.value)
        assert "said ******" in str(caught.value)


def test_hidden_output_does_not_appear_in_an_error() -> None:
    for options in ({"timeout_s": 0.2}, {}):
        with pytest.raises(CommandError) as caught:
            sh(
                f"echo 4-2 | tr 2-4 y-z; sleep {len(options)}; exit 1", hide_output=True, **options
            ).must_succeed()
        assert "z-y" not in str(caught.value)


def test_must_succeed_shows_the_last_words() -> None:
    assert sh("true").must_succeed().retcode == 0
    with pytest.raises(CommandError, match=r"ended with return code 4: last$"):
        sh("echo x; echo first >&2; echo last >&2; exit 4").must_succeed()
    with pytest.raises(CommandError, match=r"ended with return code 1$"):
        sh("exit 1").must_succeed()


def test_no_descriptor_is_left_open() -> None:
    before = open_descriptors()
    sh("echo hi")
    with pytest.raises(CommandError):
        sh("sleep 9", timeout_s=0.05)
    with pytest.raises(CommandError):
        run(Command(argv=("no-such-program",)))
    assert open_descriptors() == before


def test_nothing_is_inherited_but_the_three_descriptors() -> None:
    read, write = os.pipe()
    os.set_inheritable(write, True)
    try:
        listed = python("import os; print(len([f for f in os.listdir('/proc/self/fd')]))")
        assert int(listed.stdout) == 4  # and the listing's own
    finally:
        os.close(read)
        os.close(write)


def test_which_finds_programs_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}/none:{tmp_path}")
    program = tmp_path / "tool"
    program.write_text("")
    assert which("tool") == ""
    program.chmod(0o755)
    assert which("tool") == str(program)
    assert which(str(program)) == str(program)
    assert which("") == which("a\0b") == which(str(tmp_path)) == ""
