"""Disks as they are: full, read-only, somebody else's; and who may read the file."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from minion.ledger import open_ledger
from shoal.errors import LedgerError
from tests.integration.ledger.records import NOW, a_job, a_return, jid

ROOT = Path(__file__).parents[3]

LIMITED = """
import resource, sys
from pathlib import Path
from minion.ledger import open_ledger
from shoal.errors import LedgerError
from tests.integration.ledger.records import NOW, a_job, a_return, jid
ledger = open_ledger(Path(sys.argv[1]), max_bytes=10**8)
unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, unlimited[1]))
kept = 0
try:
    while kept < 1000:
        ledger.finished(a_return(kept, "x" * 9000))
        kept += 1
except LedgerError as error:
    print(error)
for _ in range(3):
    try:
        ledger.finished(a_return(2000, "y" * 300_000))
    except LedgerError as error:
        print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
assert 10 < kept < 1000, kept
assert [int(ret.jid) for ret in ledger.unsent()] == list(range(kept))
assert ledger.unsent_count == kept
ledger.finished(a_return(2000, "y" * 300_000))
ledger.close()
ledger = open_ledger(Path(sys.argv[1]), max_bytes=10**8)
assert [int(ret.jid) for ret in ledger.unsent()] == [*range(kept), 2000]
ledger.close()
"""

AS_NOBODY = """
import os, sys
from pathlib import Path
from minion.ledger import open_ledger
from shoal.errors import LedgerError
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    open_ledger(Path(sys.argv[1]), max_bytes=10**8)
except LedgerError as error:
    print(error)
"""


def run(script: str, path: Path) -> list[str]:
    """Run a script in a process of its own; return the lines it printed."""
    command = [sys.executable, "-W", "error", "-c", script, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_disk_that_refuses_writes_costs_those_calls_only(path: Path) -> None:
    lines = run(LIMITED, path)
    assert len(lines) == 4
    assert all(line.startswith(f"{path}: keeping a return failed: ") for line in lines)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting a small tmpfs needs root and the right to mount")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_full_disk_is_said_and_the_ledger_goes_on_when_there_is_room(small_disk: Path) -> None:
    path = small_disk / "ledger.db"
    ballast = small_disk / "ballast"
    ledger = open_ledger(path, max_bytes=10**8)
    try:
        ledger.accept(a_job(1), NOW)
        ballast.write_bytes(bytes(700_000))
        with pytest.raises(LedgerError, match="the disk is full: make room"):
            ledger.finished(a_return(1, "x" * 500_000))
        assert [entry.job.jid for entry in ledger.unfinished()] == [jid(1)]
        assert ledger.unsent_count == 0
        ballast.unlink()
        ledger.finished(a_return(1, "x" * 200_000))
        assert ledger.unfinished() == []
        assert ledger.unsent_count == 1
    finally:
        ledger.close()


@pytest.mark.parametrize("there", [True, False])
def test_folder_that_must_not_be_written_is_said(there: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if there:
            open_ledger(folder / "ledger.db", max_bytes=10**8).close()
            (folder / "ledger.db").chmod(0o444)
        folder.chmod(0o555)
        (line,) = run(AS_NOBODY, folder / "ledger.db")
        folder.chmod(0o755)
    assert line.startswith(f"{folder / 'ledger.db'}: opening the ledger failed: ")
    assert "write" in line


def test_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="the folder must exist"):
        open_ledger(tmp_path / "nowhere" / "ledger.db", max_bytes=10**8)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_nobody_else_may_read_it(path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        ledger = open_ledger(path, max_bytes=10**8)
        ledger.accept(a_job(1), NOW)
        modes = {entry.name: entry.stat().st_mode & 0o777 for entry in path.parent.iterdir()}
        ledger.close()
    finally:
        os.umask(before)
    assert modes == {"ledger.db": 0o600, "ledger.db-wal": 0o600}


def test_open_bits_are_taken_away(path: Path) -> None:
    path.touch(0o666)
    path.chmod(0o666)
    open_ledger(path, max_bytes=10**8).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_second_minion_is_refused(path: Path) -> None:
    ledger = open_ledger(path, max_bytes=10**8)
    try:
        (line,) = run(
            "import sys\nfrom pathlib import Path\nfrom minion.ledger import open_ledger\n"
            "from shoal.errors import LedgerError\n"
            "try:\n    open_ledger(Path(sys.argv[1]), max_bytes=1)\nexcept LedgerError as error:\n    print(error)\n",
            path,
        )
        assert "another process uses it" in line
    finally:
        ledger.close()


def test_wal_stays_small(path: Path) -> None:
    ledger = open_ledger(path, max_bytes=10**8)
    try:
        for number in range(20):
            ledger.finished(a_return(number, "x" * 1_000_000))
            ledger.acknowledged([jid(number)])
        for number in range(20, 30):
            ledger.accept(a_job(number), NOW)
        assert path.with_name(path.name + "-wal").stat().st_size <= 1024 * 1024
        assert path.stat().st_size < 3_000_000, "pages are used again"
    finally:
        ledger.close()
