"""Fixtures: a fake master below a short root, and the programs run in this process."""

from __future__ import annotations

import shutil
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from master.cli import key, run, shoal
from master.cli.place import socket_path
from tests.unit.cli.fake_master import FakeMaster

PROGRAMS = {"shoal": shoal.main, "shoal-key": key.main, "shoal-run": run.main}


class Ran(NamedTuple):
    """What a program left behind."""

    code: int
    out: str
    err: str


Cli = Callable[..., Ran]


@pytest.fixture
def root() -> Iterator[Path]:
    """A root folder with a short name: a unix socket's path has 107 bytes at most."""
    folder = Path(tempfile.mkdtemp(prefix="sh"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def socket_file(root: Path) -> Path:
    """Where the master's socket belongs; its folder is there."""
    path = Path(socket_path(Namespace(root=str(root), config_dir=""))[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture
def master(socket_file: Path) -> Iterator[FakeMaster]:
    """A master that says what the test tells it to."""
    fake = FakeMaster(socket_file)
    yield fake
    fake.stop()


@pytest.fixture
def cli(root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run a program in this process; return its exit code, stdout and stderr."""
    for name in ("NO_COLOR", "SHOAL_ROOT"):
        monkeypatch.delenv(name, raising=False)

    def run_it(program: str, *words: str) -> Ran:
        capsys.readouterr()
        code = PROGRAMS[program](["--root", str(root), *words])
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run_it
