"""`cmd.*` as an operator types it; what a process may do is tested in `test_shell`."""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules import cmd
from modules.cmd import RunOptions
from modules.context import Context
from modules.result import Result
from shoal.errors import ArgumentError, CommandError, ModuleError

Ask = Callable[[str], Any]


@pytest.mark.parametrize(
    ("line", "value", "retcode"),
    [
        ("cmd.run 'echo hi'", "hi", 0),
        ("cmd.run 'echo hi; exit 3'", "hi", 3),
        ("cmd.run 'echo err >&2'", "err", 0),
        ("cmd.run 'exit 3' ignore_retcode=True", "", 0),
        ("cmd.run 'exit 3' success_retcodes=[3]", "", 0),
        ("cmd.run 'exit 3' success_retcodes=2,3", "", 0),
        ("cmd.run 'exit 3' success_retcodes=[2]", "", 3),
        ("cmd.run 'echo hi' hide_output=yes", "", 0),
        ("cmd.run 'echo hi' rstrip=no", "hi\n", 0),
        ("cmd.run 'echo $0' shell=/bin/bash", "/bin/bash", 0),
        ("cmd.run 'echo $HOME' python_shell=False", "$HOME", 0),
        ("cmd.run 'cat' stdin=16:10", "16:10", 0),
        ("cmd.run 'echo $A$B' env='{A: 0755, B: yes}'", "0755yes", 0),
        ("cmd.run 'umask' umask=027", "0027", 0),
        ("cmd.run pwd cwd=/usr", "/usr", 0),
        ("cmd.run 'echo 0755; echo 16:10'", "0755\n16:10", 0),
        ("cmd.shell 'echo $((1+1))' python_shell=no", "2", 0),
        ("cmd.run_stdout 'echo out; echo err >&2'", "out", 0),
        ("cmd.run_stderr 'echo out; echo err >&2; exit 1'", "err", 1),
        ("cmd.retcode 'exit 7'", 7, 7),
        ("cmd.retcode 'exit 7' ignore_retcode=true", 7, 0),
        ("cmd.exec_code python3 'import sys; print(sys.argv[1:])' args=a,b", "['a', 'b']", 0),
    ],
)
def test_value_and_return_code(ask: Ask, line: str, value: Any, retcode: int) -> None:
    assert ask(line) == Result(value, retcode=retcode)


def test_run_all_tells_everything(ask: Ask) -> None:
    found = ask("cmd.run_all 'echo out; echo err >&2; exit 2'")
    assert found.value.pop("pid") > 1
    assert found.value == {"retcode": 2, "stdout": "out", "stderr": "err"}
    assert found.retcode == 2


def test_run_all_hides_both_outputs(ask: Ask) -> None:
    found = ask("cmd.run_all 'echo out; echo err >&2' hide_output=True").value
    assert (found["stdout"], found["stderr"]) == ("", "")


def test_cut_output_is_counted(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    found = cmd.run(ctx, "head -c 2000000 /dev/zero | tr '\\0' x")
    assert found.trimmed == 2_000_000 - 480 * 1024
    assert f"[... {found.trimmed} bytes cut ...]" in found.value


def test_list_is_started_without_a_shell(ctx: Context) -> None:
    assert cmd.run(ctx, ["echo", "$HOME; ls", "a b"]).value == "$HOME; ls a b"


def test_home_is_the_working_folder(ctx: Context) -> None:
    home = pwd.getpwuid(os.geteuid()).pw_dir
    assert cmd.run(ctx, "pwd").value == str(Path(home).resolve())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_other_users_home_is_the_working_folder_or_the_root(ctx: Context) -> None:
    home = pwd.getpwnam("nobody").pw_dir
    expected = home if Path(home).is_dir() else "/"
    assert cmd.run(ctx, "pwd; id -un", RunOptions(runas="nobody")).value == f"{expected}\nnobody"


def test_timeout_is_a_failure(ask: Ask) -> None:
    with pytest.raises(CommandError, match=r"sleep 60.* : Timed out after 0\.1 seconds"):
        ask("cmd.run 'sleep 60' timeout=0.1")


def test_hidden_output_stays_hidden_on_timeout(ask: Ask) -> None:
    with pytest.raises(CommandError, match=r"Timed out after 0\.2 seconds$"):
        ask("cmd.run 'echo hidden; sleep 60' timeout=0.2 hide_output=True")


def test_quote_that_is_not_closed_is_told(ask: Ask) -> None:
    with pytest.raises(CommandError, match="cannot be split into words: no closing quotation"):
        ask("""cmd.run "echo 'a" python_shell=false""")


@pytest.mark.parametrize("umask", ["x", "8", "-1", "1000"])
def test_umask_is_octal(ask: Ask, umask: str) -> None:
    with pytest.raises(ArgumentError, match="umask must be octal"):
        ask(f"cmd.run true umask={umask}")


@pytest.mark.parametrize("mode", [0o644, 0o755])
def test_script_runs_whether_executable_or_not(ctx: Context, tmp_path: Path, mode: int) -> None:
    script = tmp_path / "a script"
    script.write_text('#!/bin/sh\necho "$#" "$2"; exit 4\n')
    script.chmod(mode)
    found = cmd.script(ctx, str(script), 'one "two; words" $(ls)')
    assert (found.value["stdout"], found.retcode) == ("3 two; words", 4)
    assert cmd.script(ctx, str(script), ["a", "b c"]).value["stdout"] == "2 b c"


def test_script_of_the_master_runs_and_leaves_nothing(ctx: Context, roots: Path, tmp_path: Path) -> None:
    (roots / "check.py").write_text(f"#!{sys.executable}\nimport sys; print(sys.argv[0], sys.argv[1:])\n")
    (roots / "plain").write_text('echo "$0 $1"\n')
    for name, said in (("check.py", "['a b']"), ("plain", "a b")):
        found = cmd.script(ctx, f"shoal://{name}", ["a b"]).value
        path, _, rest = found["stdout"].partition(" ")
        assert (rest, found["retcode"]) == (said, 0)
        assert path.endswith(f"/{name}")
        assert not Path(path).parent.exists()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("/no/script", "there is no such file"),
        ("salt://x", "the master does not serve it"),
        ("https://x/y", "there is no such file"),
    ],
)
def test_script_must_be_there(ctx: Context, source: str, message: str) -> None:
    with pytest.raises(ModuleError, match=message):
        cmd.script(ctx, source)


def test_programs_are_found(ask: Ask) -> None:
    assert ask("cmd.which sh").endswith("/sh")
    assert ask("cmd.which no-such-program") is None
    assert ask("cmd.which_bin no-such-program,sh,ls").endswith("/sh")
    assert ask("cmd.which_bin no-such-program") is None
    assert ask("cmd.has_exec sh") is True
    assert ask("cmd.has_exec no-such-program") is False
    assert all(path.startswith("/") for path in ask("cmd.shells"))


@pytest.mark.parametrize(
    "options",
    [
        RunOptions(success_stdout=["GOOD"]),
        RunOptions(success_stderr=["BAD"]),
        RunOptions(success_retcodes=[3]),
        RunOptions(ignore_retcode=True),
    ],
)
def test_what_a_command_says_may_be_success(ctx: Context, options: RunOptions) -> None:
    result = cmd.run_all(ctx, "echo GOOD; echo BAD >&2; exit 3", options)
    assert (result.retcode, result.value["retcode"]) == (0, 3)
    assert cmd.run_all(ctx, "echo other; exit 3", RunOptions(success_stdout=["GOOD"])).retcode == 3
