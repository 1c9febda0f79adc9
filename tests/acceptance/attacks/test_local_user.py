"""A local user without rights: nothing to read, write, connect to, plant or lend the daemon (attack list 36)."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from shoal.paths import Paths
from tests.acceptance.attacks.arena import GOOD, Arena
from tests.fleet import BIN, Fleet, executors_under, short_folder, until
from tests.local_user import NOBODY, as_nobody, tries

VICTIM = "victim"
SECRET = "only-root-may-read-this"
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be several users")


@pytest.fixture(scope="module")
def shared() -> Iterator[Arena]:
    """A fleet whose folders anybody may pass through, and a box to tamper with."""
    with short_folder() as folder, Fleet(folder) as fleet:
        folder.chmod(0o711)
        fleet.start_master()
        fleet.join(GOOD)
        fleet.join(VICTIM)
        (folder / "m/srv/salt").mkdir(parents=True)
        (folder / "m/srv/salt/site.conf").write_text("served\n")
        arena = Arena(fleet)
        arena.secrets.add(SECRET)
        yield arena


@pytest.fixture
def arena(shared: Arena) -> Iterator[Arena]:
    """The fleet; afterwards all is well, and the victim runs."""
    yield shared
    shared.still_well()
    assert shared.run(VICTIM, "test.ping")[VICTIM]["ret"] is True


@pytest.fixture
def lair(shared: Arena) -> Path:
    """A folder of the other user."""
    folder = shared.fleet.folder / f"lair-{os.urandom(4).hex()}"
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    return folder


def _paths(arena: Arena) -> Paths:
    return Paths.for_minion(str(arena.fleet.minion_root(VICTIM)), environ={})


def _connects(path: Path) -> str:
    def act() -> None:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(path))

    return tries(act)


# ------------------------------------------------------------------ what there is


def test_nothing_of_master_and_minion_can_be_written_and_no_secret_read(arena: Arena) -> None:
    arena.run(VICTIM, "cp.cache_file", "shoal://site.conf")
    arena.run(VICTIM, "test.echo", SECRET, mode="queue", queue_ttl_s=60.0)
    readable = set()
    for root in (arena.fleet.master_root, arena.fleet.minion_root(VICTIM)):
        found = [path for path in root.rglob("*") if not path.is_socket()]
        assert any(path.name in ("ledger.db", "master.db") for path in found)
        for path in found:
            if path.is_dir():
                assert tries((path / "mine").touch) in ("PermissionError", "FileNotFoundError"), path
                continue
            assert tries(lambda path=path: os.close(os.open(path, os.O_WRONLY))) == "PermissionError", path
            if not tries(lambda path=path: os.close(os.open(path, os.O_RDONLY))):
                readable.add(path.relative_to(root).as_posix())
    assert readable <= {"etc/shoal/master", "etc/shoal/minion", "srv/salt/site.conf"}


def test_no_socket_takes_a_connection(arena: Arena) -> None:
    sockets = [path for path in arena.fleet.folder.rglob("*") if path.is_socket()]
    expected = {"executor.sock", "master.sock", _paths(arena).desk_socket.name}
    assert {path.name for path in sockets} == expected
    for path in sockets:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert _connects(path) == "PermissionError"


def test_job_of_another_user_has_no_way_to_the_executor(arena: Arena) -> None:
    """Descriptors, the executor's own environment and memory, its sockets: none of it is lent to `runas`."""
    pid = next(pid for pid in executors_under(arena.fleet.minion_root(VICTIM)))
    sock = _paths(arena).executor_socket
    script = (
        "readlink /proc/$$/fd/*; "
        f"cat /proc/{pid}/environ /proc/{pid}/mem; kill -9 {pid}; ls {_paths(arena).state_dir}; "
        f"python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect(\"{sock}\")'"
    )
    said = arena.run(VICTIM, "cmd.run_all", script, kwargs={"runas": "nobody"})[VICTIM]["ret"]
    assert {word.partition(":")[0] for word in said["stdout"].split()} <= {
        "/dev/null",
        "pipe",
        f"/proc/{said['pid']}/fd",
    }
    assert said["stderr"].count("ermission denied") >= 3, said["stderr"]
    assert "PermissionError" in said["stderr"]
    assert Path(f"/proc/{pid}").exists()


# --------------------------------------------------------------- how it is started


def test_neither_folder_nor_environment_of_the_start_decides_what_runs(arena: Arena, lair: Path) -> None:
    """Started from a stranger's folder with his PATH and linker variables, and with a new executor made there."""
    mark = lair / "owned"
    with as_nobody():
        for name in ("uname", "id", "sh", "python3"):
            (lair / name).write_text(f"#!/bin/sh\necho x >> {mark}\n")
            (lair / name).chmod(0o755)
        (lair / "minion").mkdir()
        for name in ("minion/__init__.py", "logging.py", "struct.py", "socket.py", "sitecustomize.py"):
            (lair / name).write_text(f"open({str(mark)!r}, 'a')\n")
    path = f"{lair}:.:{lair}/not-there::/usr/local/bin:/usr/bin:/bin"
    launcher = ["env", "-C", str(lair), f"PATH={path}", f"LD_LIBRARY_PATH={lair}", f"LD_PRELOAD={lair}/x.so"]
    arena.fleet.minions[VICTIM].stop()
    arena.fleet.start_minion(VICTIM, launcher=[*launcher, str(BIN / "shoal-minion")])
    arena.fleet.wait_up(VICTIM)
    for fresh in (False, True):
        if fresh:
            (pid,) = executors_under(arena.fleet.minion_root(VICTIM))
            os.kill(pid, signal.SIGKILL)
            until("another executor", partial(_another, arena, pid))
        said = arena.run(VICTIM, "cmd.run_all", "uname; id -u; env")[VICTIM]["ret"]
        assert said["stdout"].startswith("Linux\n0\n")
        assert "PATH=/usr/local/bin:/usr/bin:/bin" in said["stdout"].splitlines()
        assert not [line for line in said["stdout"].splitlines() if line.startswith(("LD_", "PYTHON"))]
        assert "LD_PRELOAD" not in said["stderr"]
        assert arena.run(VICTIM, "cmd.which", "id")[VICTIM]["ret"] == "/usr/bin/id"
    assert not mark.exists()
    assert len(arena.log_lines("left out of PATH", str(lair), log=f"{VICTIM}.log")) == 1


def _another(arena: Arena, old: int) -> bool:
    return executors_under(arena.fleet.minion_root(VICTIM)) not in ([], [old])


# ------------------------------------------------------------------ what was planted


def _refuses_to_start(arena: Arena, *words: str) -> None:
    log = f"{VICTIM}.log"
    before = len(arena.log_lines(*words, log=log))
    minion = arena.fleet.start_minion(VICTIM)
    until("the minion to end", lambda: not minion.alive)
    assert minion.stop() != 0
    assert len(arena.log_lines(*words, log=log)) == before + 1, minion.text()[-1000:]


@pytest.mark.parametrize(
    "where", ["state/floor.tmp", "state/ledger.db-journal", "cache/custom_grains.new", "pki/minion.key.new"]
)
def test_link_planted_in_a_work_folder_keeps_the_minion_from_starting(
    arena: Arena, where: str, lair: Path
) -> None:
    paths = _paths(arena)
    folder = {"state": paths.state_dir, "cache": paths.cache_dir, "pki": paths.pki_dir}[
        where.partition("/")[0]
    ]
    target, planted = lair / "target", folder / where.partition("/")[2]
    target.write_text(SECRET)
    arena.fleet.minions[VICTIM].stop()
    folder.chmod(0o777)
    assert tries(lambda: planted.symlink_to(target)) in ("", "PermissionError")
    if not planted.is_symlink():  # the folder above it is closed: as if it had not been
        planted.symlink_to(target)
        os.lchown(planted, NOBODY, NOBODY)
    _refuses_to_start(arena, str(planted), f"belongs to user {NOBODY}")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert target.read_text() == SECRET
    planted.unlink()
    arena.fleet.start_minion(VICTIM)
    arena.fleet.wait_up(VICTIM)


def test_link_planted_below_a_folder_that_was_open_is_found(arena: Arena, lair: Path) -> None:
    cache = _paths(arena).cache_dir
    arena.fleet.minions[VICTIM].stop()
    (cache / "files/parts").mkdir(parents=True, exist_ok=True)
    planted = cache / "files/parts" / ("ab" * 32)
    planted.symlink_to(lair / "target")
    os.lchown(planted, NOBODY, NOBODY)
    cache.chmod(0o733)
    _refuses_to_start(arena, str(planted), f"belongs to user {NOBODY}")
    planted.unlink()
    arena.fleet.start_minion(VICTIM)
    arena.fleet.wait_up(VICTIM)


def test_sockets_planted_in_the_run_folder_are_not_used(arena: Arena, lair: Path) -> None:
    """Who listens where the executor should would be given every job."""
    paths = _paths(arena)
    arena.fleet.minions[VICTIM].stop()
    until("the executor to end", lambda: not executors_under(arena.fleet.minion_root(VICTIM)))
    for path in (paths.executor_socket, paths.desk_socket):
        path.unlink(missing_ok=True)
    paths.run_dir.chmod(0o777)
    traps = []
    with as_nobody():
        for path in (paths.executor_socket, paths.desk_socket):
            trap = socket.socket(socket.AF_UNIX)
            trap.bind(str(path))
            trap.listen()
            trap.setblocking(False)
            traps.append(trap)
    arena.fleet.start_minion(VICTIM)
    arena.fleet.wait_up(VICTIM)
    assert arena.run(VICTIM, "test.ping")[VICTIM]["ret"] is True
    assert arena.run(VICTIM, "cp.hash_file", "shoal://site.conf")[VICTIM]["ret"]
    for trap in traps:
        with trap:
            try:
                connection, _ = trap.accept()
            except BlockingIOError:
                continue
            with connection:
                assert connection.recv(100) == b"", "it was told something"
    assert arena.log_lines(f"belongs to user {NOBODY}; not used", log=f"{VICTIM}.log")
    assert {path.stat().st_uid for path in paths.run_dir.iterdir()} == {0}
    assert stat.S_IMODE(paths.run_dir.stat().st_mode) == 0o755


def test_lock_that_is_a_link_changes_nothing_elsewhere(arena: Arena, lair: Path) -> None:
    target, lock = lair / "target", _paths(arena).run_dir / "minion.lock"
    target.write_text(SECRET)
    arena.fleet.minions[VICTIM].stop()
    lock.unlink(missing_ok=True)
    lock.symlink_to(target)
    os.lchown(lock, NOBODY, NOBODY)
    _refuses_to_start(arena, str(lock), "cannot be opened")
    assert target.read_text() == SECRET
    lock.unlink()
    arena.fleet.start_minion(VICTIM)
    arena.fleet.wait_up(VICTIM)


# ------------------------------------------------------- files that decide what runs


@pytest.mark.parametrize("how", ["file of his", "folder of his", "open folder", "link to his"])
def test_module_and_grains_that_a_user_has_put_there_are_not_loaded(
    arena: Arena, lair: Path, how: str
) -> None:
    mark = lair / "owned"
    code = (
        "from shoal.functions.function import function\n"
        f"open({str(mark)!r}, 'a')\n\n\n@function\ndef f(ctx) -> int:\n    '''Own it.'''\n    return 1\n"
    )
    folders = [_paths(arena).state_dir / "synced" / kind for kind in ("modules", "grains")]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        _put(folder / "evil.py", code, how, lair)
    for fun in ("sys.reload_modules", "minion.refresh_grains"):
        arena.run(VICTIM, fun)
    said = arena.run(VICTIM, "evil.f")[VICTIM]
    assert said["outcome"] == "failed"
    assert "'evil.f' is not available" in said["ret"]
    assert not mark.exists()
    for folder in folders:
        (folder / "evil.py").unlink()
        os.chown(folder, 0, 0)
        folder.chmod(0o700)


def _put(file: Path, code: str, how: str, lair: Path) -> None:
    if how == "link to his":
        mine = lair / file.parent.name
        mine.write_text(code)
        os.chown(mine, NOBODY, NOBODY)
        file.symlink_to(mine)
        return
    file.write_text(code)
    if how == "file of his":
        os.chown(file, NOBODY, NOBODY)
    elif how == "folder of his":
        os.chown(file.parent, NOBODY, NOBODY)
    else:
        file.parent.chmod(0o777)


@pytest.mark.parametrize("how", ["file of his", "open file", "folder of his", "open folder", "link to his"])
def test_configuration_that_a_user_could_write_is_refused(arena: Arena, lair: Path, how: str) -> None:
    folder = _paths(arena).config_dir / "minion.d"
    folder.mkdir(exist_ok=True)
    file = folder / "evil.conf"
    if how == "open file":
        file.write_text("disable_modules: []\n")
        file.chmod(0o666)
    else:
        _put(file, "disable_modules: []\n", how, lair)
    arena.fleet.minions[VICTIM].stop()
    _refuses_to_start(arena, str(file), "Run: ch")
    file.unlink()
    os.chown(folder, 0, 0)
    folder.chmod(0o755)
    arena.fleet.start_minion(VICTIM)
    arena.fleet.wait_up(VICTIM)


def test_grains_file_that_a_user_could_write_is_ignored(arena: Arena) -> None:
    file = _paths(arena).grains_file
    file.write_text("role: owned\n")
    os.chown(file, NOBODY, NOBODY)
    arena.run(VICTIM, "minion.refresh_grains")
    assert arena.run(VICTIM, "grains.get", "role")[VICTIM]["ret"] == ""
    assert arena.log_lines("grains file ignored", "belongs to user", log=f"{VICTIM}.log")
    file.unlink()


# ----------------------------------------------------------- files in a user's folder


def test_link_in_the_place_of_a_managed_file_is_not_written_through(arena: Arena, lair: Path) -> None:
    target = arena.fleet.folder / "shadow"
    target.write_text(SECRET)
    target.chmod(0o600)
    with as_nobody():
        (lair / "conf").symlink_to(target)
        (lair / "folder").symlink_to(arena.fleet.folder)
    said = arena.run(VICTIM, "cp.get_file", "shoal://site.conf", str(lair / "conf"))[VICTIM]
    assert said["outcome"] == "failed"
    assert "only a regular file can be written" in said["ret"]
    assert target.read_text() == SECRET
    (lair / "conf").unlink()
    os.link(target, lair / "conf")
    assert (
        arena.run(VICTIM, "cp.get_file", "shoal://site.conf", str(lair / "conf"))[VICTIM]["outcome"] == "done"
    )
    assert target.read_text() == SECRET, "a second name was written through"
    assert tries((lair / "conf").read_bytes) == "PermissionError", "it kept the mode of what it replaced"


def test_script_lies_in_a_folder_of_its_own_that_nobody_knows(arena: Arena) -> None:
    script = arena.fleet.master_root / "srv/salt/where.sh"
    script.write_text('#!/bin/sh\necho "$0"; stat -c %a "$(dirname "$0")"; stat -c %a "$0"\n')
    seen = set()
    for _ in range(2):
        path, folder, file = arena.run(VICTIM, "cmd.script", "shoal://where.sh")[VICTIM]["ret"][
            "stdout"
        ].split()
        assert (folder, file) == ("700", "700")
        assert not Path(path).parent.exists(), "it was left behind"
        seen.add(path)
    assert len(seen) == 2


def test_new_content_of_a_file_is_nobodys_until_it_is_whole(arena: Arena, lair: Path) -> None:
    """The temporary file beside a target, caught while a large content is written to it."""
    (arena.fleet.master_root / "srv/salt/large").write_bytes(bytes(64 * 1024 * 1024))
    arena.run(VICTIM, "cp.cache_file", "shoal://large")
    caught: set[tuple[str, int, int]] = set()
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            for path in lair.glob(".large*"):
                with suppress(FileNotFoundError):
                    status = path.stat()
                    caught.add((path.name, stat.S_IMODE(status.st_mode), status.st_uid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for name in ("large", "large-too"):
            said = arena.run(VICTIM, "cp.get_file", "shoal://large", str(lair / name))[VICTIM]
            assert said["ret"] == str(lair / name)
    finally:
        stop.set()
        watcher.join()
    names = {name for name, _, _ in caught}
    assert len(names) == 2
    assert all(re.fullmatch(r"\.large(-too)?\.[0-9a-f]{16}\.shoal-tmp", name) for name in names)
    assert (sorted(names)[0], 0o600, 0) in caught
