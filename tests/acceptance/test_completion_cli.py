"""Real shells complete command lines of a real fleet: the TAB key is pressed, and what stands there then is read."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet import BIN, TREE, Fleet

PROGRAMS = ("shoal", "shoal-key", "shoal-run", "shoal-call", "shoal-minion", "shoal-master")
CTRL_U = b"\x15"
START = {
    "bash": (["bash", "--norc", "-i"], ""),
    "zsh": (["zsh", "-f", "-i"], "autoload -Uz compinit; compinit -u -D; "),
}


@pytest.fixture
def env(fleet: Fleet, tmp_path: Path) -> dict[str, str]:
    """An operator's environment, the master named by SHOAL_ROOT so that lines stay short."""
    return {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "PYTHONPATH": str(TREE),
        "SHOAL_ROOT": str(fleet.master_root),
        "HOME": str(tmp_path),
        "TERM": "dumb",
        "PS1": "> ",
        "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", ""),
    }


class Terminal:
    """A shell at a terminal."""

    def __init__(self, shell: str, env: dict[str, str], cwd: Path) -> None:
        argv, setup = START[shell]
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            try:
                os.chdir(cwd)
                os.execvpe(argv[0], argv, env)
            finally:
                os._exit(127)
        sources = "; ".join(f"source <({program} --completion {shell})" for program in PROGRAMS)
        os.write(self._fd, f"{setup}{sources}; echo rea''dy\n".encode())
        self.wait_for("ready\r\n")

    def wait_for(self, expected: str) -> None:
        """Read until `expected` has been shown."""
        seen, end = "", time.monotonic() + 30.0
        while expected not in seen.replace("\a", ""):
            assert time.monotonic() < end, f"waited for {expected!r}, saw {seen[-2000:]!r}"
            if select.select([self._fd], [], [], 0.2)[0]:
                seen += os.read(self._fd, 65536).decode(errors="replace")

    def press_tab(self, line: str, expected: str) -> None:
        """Write a line on an empty prompt, press TAB, and wait for what must stand there then."""
        os.write(self._fd, CTRL_U + line.encode() + b"\t")
        self.wait_for(expected)

    def close(self) -> None:
        """Hang up."""
        os.close(self._fd)
        os.waitpid(self._pid, 0)


@pytest.fixture(params=list(START))
def terminal(request: pytest.FixtureRequest, env: dict[str, str], tmp_path: Path) -> Iterator[Terminal]:
    """A terminal with each shell that is installed."""
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed; scripts/install-test-packages brings it")
    (tmp_path / "somewhere").mkdir()
    (tmp_path / "somewhere/results.json").touch()
    made = Terminal(request.param, env, tmp_path)
    yield made
    made.close()


def test_tab_completes_the_word(terminal: Terminal) -> None:
    for line, expected in (
        ("shoal d", "shoal db-1 "),
        ("shoal 'd", "shoal 'db-1' "),
        ("shoal -L web-1,d", "-L web-1,db-1 "),
        ("shoal -N so", "-N south "),
        ("shoal '*' pkg.ins", "'*' pkg.install "),
        ("shoal '*' pkgr\tlist_r", "'*' pkgrepo.list_repos "),
        ("shoal --out=newl", "--out=newline_values_only "),
        ("shoal --log-level deb", "--log-level debug "),
        ("shoal --preview", "--preview-target "),
        ("shoal --out-file some", "--out-file somewhere/"),
        ("shoal '*' test.echo somewhere/", "somewhere/results.json "),
        ("shoal-key -yd db", "-yd db-1 "),
        ("shoal-run jobs.look", "jobs.lookup_jid "),
        ("shoal-call --local grains.item", "grains.item"),
        ("shoal-minion jo", "shoal-minion join "),
        ("shoal-master --vers", "--version "),
    ):
        terminal.press_tab(line, expected)


BASH = """
for program in {programs}; do source <($program --completion bash); complete -p $program; done
COMP_LINE={line}; COMP_POINT=${{#COMP_LINE}}; COMP_WORDBREAKS=$' \\t\\n"\\047><=;|&(:'
_shoal_complete shoal web ""
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def test_bash_function_answers_as_bash_calls_it(env: dict[str, str]) -> None:
    text = BASH.format(programs=" ".join(PROGRAMS), line="'shoal web-'")
    done = subprocess.run(
        ["bash", "-c", text], env=env, capture_output=True, text=True, timeout=60, check=True
    )
    registered = [f"complete -F _{name.replace('-', '_')}_complete {name}" for name in PROGRAMS]
    assert done.stdout.splitlines() == [*registered, "web-1", "web-2"]
    assert done.stderr == ""


FISH = [
    ("shoal web", ["web-1", "web-2"]),
    ("shoal '*' test.pi", ["test.ping"]),
    ("shoal --out=js", ["--out=json"]),
    ("shoal --hide", ["--hide-timeout"]),
    ("shoal-key -d db", ["db-1"]),
]


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
@pytest.mark.parametrize(("line", "expected"), FISH)
def test_fish_completes(env: dict[str, str], line: str, expected: list[str]) -> None:
    program = line.split()[0]
    command = f'{program} --completion fish | source; complete -C "{line}"'
    done = subprocess.run(
        ["fish", "-c", command], env=env, capture_output=True, text=True, timeout=60, check=True
    )
    assert [each.partition("\t")[0] for each in done.stdout.splitlines()] == expected


def test_nobody_is_asked_who_does_not_let(fleet: Fleet, env: dict[str, str], tmp_path: Path) -> None:
    elsewhere = {**env, "SHOAL_ROOT": str(tmp_path)}
    done = subprocess.run(
        ["shoal", "--complete", "fish", "web"], env=elsewhere, capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
