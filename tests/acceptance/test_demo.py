"""The demo and the README's quick start, as a newcomer runs them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet import Fleet, free_ports, short_folder, until

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "examples/demo.py"
LIMIT_S = 110.0


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The temporary folder that the demo is told to use: by it its processes and files are recognised."""
    with short_folder() as made:
        monkeypatch.setenv("TMPDIR", str(made))
        monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        yield made
        for pid in alive_under(made):  # only after a failure
            os.kill(pid, signal.SIGKILL)


def alive_under(folder: Path) -> list[int]:
    """Return the processes that were started with `folder` in their environment and have not ended."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            ended = process.joinpath("stat").read_text().rpartition(")")[2].split()[0] in "ZX"
            if not ended and str(folder).encode() in process.joinpath("environ").read_bytes():
                found.append(int(process.name))
        except (OSError, IndexError):
            continue  # it ended meanwhile, or is somebody else's
    return [pid for pid in found if pid != os.getpid()]


def demo(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the demo to its end."""
    return subprocess.run(
        [sys.executable, DEMO, *words], capture_output=True, text=True, timeout=LIMIT_S, check=False
    )


def test_demo_shows_everything_and_leaves_nothing(folder: Path) -> None:
    begun = time.monotonic()
    done = demo()
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert time.monotonic() - begun < LIMIT_S
    for line in (
        "$ shoal '*' test.ping\n",
        "Accepted Keys:\ncam-1\nweb-1\nweb-2\n",
        "ERROR: Minions returned with non-zero exit code\n[exit code 1]\n",
        "0/1 returned, 1 running, waiting for: web-1\n",
        "cam-1:\n    Minion did not return. [Offline since ",
        "No minions matched the target. No command was sent, no jid was assigned.\n",
    ):
        assert line in done.stdout
    assert done.stdout.splitlines()[-1].startswith("All answers were as expected, everything is stopped")
    assert "\x1b" not in done.stdout
    assert done.stderr == ""
    assert alive_under(folder) == []
    assert list(folder.iterdir()) == []


def test_demo_that_is_kept_can_be_used_and_stopped(folder: Path) -> None:
    done = demo("--keep")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    (place,) = folder.iterdir()
    root = re.findall(r"SHOAL_ROOT=(\S+)", done.stdout)[-1]
    ping = subprocess.run(
        [Path(sys.executable).with_name("shoal"), "--root", root, "*", "test.ping"],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert ping.returncode == 0, ping
    assert sorted(ping.stdout.split()) == ["True"] * 3 + ["cam-1:", "web-1:", "web-2:"]
    assert f"--stop {place}" in done.stdout
    assert demo("--stop", str(place)).returncode == 0
    assert alive_under(folder) == []
    assert list(folder.iterdir()) == []


def test_demo_that_is_interrupted_cleans_up(folder: Path) -> None:
    running = subprocess.Popen(
        [sys.executable, DEMO], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    for line in running.stdout:
        if line.startswith("=== 3"):
            break
    assert alive_under(folder)
    running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=30)
    assert running.returncode == 130
    assert told == "\ndemo: interrupted, everything is stopped\n"
    assert alive_under(folder) == []
    assert list(folder.iterdir()) == []


def test_stopping_something_else_is_refused(folder: Path) -> None:
    done = demo("--stop", str(folder))
    assert done.returncode == 1
    assert "is not the folder of a demo" in done.stderr
    assert folder.is_dir()


def test_quick_start_of_the_readme_works(folder: Path) -> None:
    text = (ROOT / "README.md").read_text("utf-8").split("## Quick start by hand", 1)[1]
    first, second = re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)[:2]
    publish, request = free_ports(2)
    bin_path = f"{Path(sys.executable).parent}:$PATH"
    first = first.replace("make venv\n", "").replace("$PWD/.venv/bin:$PATH", bin_path)
    first = first.replace("[127.0.0.1]'", f"[127.0.0.1]\npublish_port: {publish}\nret_port: {request}'")
    second = second.replace("$PWD/.venv/bin:$PATH", bin_path)
    environment = {**os.environ, "HOME": str(folder)}
    environment.pop("SHOAL_ROOT", None)
    master = subprocess.Popen(
        ["bash", "-c", first.replace("shoal-master", "exec shoal-master")],
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        fleet = Fleet(folder)
        fleet.master_root = folder / "shoal-try/master"
        until("the master", lambda: fleet.program("shoal-key", check=False).returncode == 0)
        done = subprocess.run(
            ["bash", "-c", _as_script(second)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "id:           box1\n" in done.stdout
        assert "box1:\n    True\n" in done.stdout
        assert "    cpuarch:\n" in done.stdout
    finally:
        master.terminate()
        master.wait(20)
    until("everything to end", lambda: not alive_under(folder))


def _as_script(lines: str) -> str:
    """Return the second terminal's lines as a script: the paste done by hand, and a wait for the box to be there."""
    made, joined, *rest = (line for line in lines.splitlines() if not line.startswith("export"))
    (export,) = (line for line in lines.splitlines() if line.startswith("export"))
    start = rest.index(next(line for line in rest if line.endswith("&")))
    wait = "for i in $(seq 200); do shoal-run manage.up | grep -q box1 && break; sleep 0.05; done"
    return "\n".join(
        [
            "set -e",
            export,
            f"join=$({made} | grep -o 'shoal1-[a-z2-7]*')",
            joined.replace("PASTE-THE-JOIN-STRING", '"$join"'),
            *rest[: start + 1],
            wait,
            *rest[start + 1 :],
            "kill %1; wait %1 || true",
        ]
    )
