"""A private PostgreSQL server for tests: temporary folder, unix socket only, gone when the tests are.

Take the session fixture `postgres_server` into a conftest (`from tests.postgres import postgres_server`) and
call `with postgres_server.database() as url:` for an empty database. Under xdist each worker has its own
server (0.7 s to start). Without PostgreSQL on the machine such tests are skipped, but with CI=true they fail.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psutil
import pytest

USER = "shoal"
_START_S = 30.0
_STOP_S = 10.0
_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/libexec/postgresql*")
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
}


class PostgresServer:
    """A running server, reached by the socket in `folder`."""

    def __init__(self, folder: Path, start: Callable[[], subprocess.Popen[bytes]]) -> None:
        self.folder = folder
        self._start = start
        self.process = start()
        self._numbers = count(1)

    @property
    def pid(self) -> int:
        """The process id of the server's first process."""
        return self.process.pid

    @contextmanager
    def away(self) -> Iterator[None]:
        """Have it stopped for a while: connections end, and new ones are refused."""
        _stop(self.process)
        try:
            yield
        finally:
            self.process = self._start()
            _wait(self, self.process)

    @contextmanager
    def stalled(self) -> Iterator[None]:
        """Have it stand still for a while: connections stay, or are taken, and nothing is answered."""
        family = [self.pid, *(child.pid for child in psutil.Process(self.pid).children(recursive=True))]
        for pid in family:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in family:
                os.kill(pid, signal.SIGCONT)

    def url(self, database: str) -> str:
        """Return the URL that `open_store` takes for `database`."""
        return f"postgresql://{USER}@/{database}?host={self.folder}"

    @contextmanager
    def database(self) -> Iterator[str]:
        """Give the URL of an empty database, which is dropped at the end whoever is still connected."""
        name = f"t{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        """Execute one statement as the administrator, outside a transaction."""
        import psycopg  # only where a server was found

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


def find_binaries() -> Path | None:
    """Return the folder with `initdb` and `postgres`: the one on PATH, else the newest installed."""
    on_path = shutil.which("initdb")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    for place in _PLACES:
        found = Path("/").glob(place.lstrip("/"))
        candidates += sorted(found, key=lambda folder: [int(n) for n in _numbers(folder)], reverse=True)
    return next((folder for folder in candidates if _complete(folder)), None)


def _numbers(folder: Path) -> list[str]:
    return "".join(c if c.isdigit() else " " for c in str(folder)).split()


def _complete(folder: Path) -> bool:
    return all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres"))


@contextmanager
def run_server(binaries: Path) -> Iterator[PostgresServer]:
    """Start a server of the programs in `binaries`; stop it and remove its folder, whatever happens.

    Raises:
        RuntimeError: the server did not start; the text has the end of its log.
    """
    # Not pytest's tmp_path: the server's user cannot enter root's, and a socket's path has at most 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="shoal-pg-", dir="/tmp"))
    try:
        user = _unprivileged()
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        _initialise(binaries, folder, user)
        with (folder / "log").open("ab") as log:
            server = PostgresServer(folder, lambda: _start(binaries, folder, user, log.fileno()))
            try:
                _wait(server, server.process)
                yield server
            finally:
                _stop(server.process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> pwd.struct_passwd | None:
    """Return who runs the server: None for ourselves, or somebody else if we are root, which it refuses."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("root may not run PostgreSQL, and there is no user postgres or nobody")


def _identity(user: pwd.struct_passwd | None) -> dict[str, object]:
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _initialise(binaries: Path, folder: Path, user: pwd.struct_passwd | None) -> None:
    command = [str(binaries / "initdb"), "-D", str(folder / "data"), "-U", USER, "-A", "trust"]
    command += ["-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, **_identity(user))  # type: ignore[call-overload]
    if result.returncode:
        raise RuntimeError(f"initdb failed: {result.stderr[-500:]}")


def _start(binaries: Path, folder: Path, user: pwd.struct_passwd | None, log: int) -> subprocess.Popen[bytes]:
    command = [str(binaries / "postgres"), "-D", str(folder / "data"), "-k", str(folder)]
    for name, value in _SETTINGS.items():
        command += ["-c", f"{name}={value}"]
    setpriv = shutil.which("setpriv")
    if setpriv:  # so that the server also ends when pytest is killed and cannot stop it
        command = [setpriv, "--pdeathsig", "INT", *command]
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **_identity(user)
    )


def _wait(server: PostgresServer, process: subprocess.Popen[bytes]) -> None:
    import psycopg

    deadline = time.monotonic() + _START_S
    while True:
        try:
            server.execute("SELECT 1")
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                text = (server.folder / "log").read_text(errors="replace")
                raise RuntimeError(f"PostgreSQL did not start: {text[-1000:]}") from None
            time.sleep(0.02)


def _stop(process: subprocess.Popen[bytes]) -> None:
    # Fast, then immediate shutdown, then by force.
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        process.send_signal(number)
        try:
            process.wait(_STOP_S)
            return
        except subprocess.TimeoutExpired:
            continue


def unavailable(reason: str) -> None:
    """Skip the test, or fail it where everything has to be tested."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}; CI=true needs it", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server for this test process."""
    try:
        import psycopg  # noqa: F401
    except ImportError:
        unavailable("psycopg is not installed (pip install '.[postgres]')")
    binaries = find_binaries()
    if binaries is None:
        unavailable("no PostgreSQL server programs found (apt install postgresql)")
        return
    with run_server(binaries) as server:
        yield server
