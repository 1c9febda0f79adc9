"""Where Shoal's files are, and under which modes.

    /etc/shoal/master, master.d/*.conf      configuration (minion, minion.d/*.conf on a box)
    /etc/shoal/pki/master/                  keys, 0700
    /var/lib/shoal/master/                  state: database, inbox, spool, 0700
    /var/cache/shoal/master/                what can be fetched again, 0700
    /run/shoal/master/                      sockets, lock
    /var/log/shoal/master/                  logs, if not on stderr

Each program has folders of its own, because a master and a minion on one host may run as different users.
`--root DIR` or SHOAL_ROOT puts all of it under DIR; `--config-dir DIR` moves the configuration and keys only.
Importing this must stay cheap: every program starts with it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from shoal.errors import ConfigError
from shoal.ownership import check_left

MAX_SOCKET_PATH: Final = 107  # sun_path has 108 bytes with the zero at the end
ROOT_VARIABLE: Final = "SHOAL_ROOT"


class Paths(NamedTuple):
    """The folders of one program. A NamedTuple, because `dataclasses` costs a starting program 7 ms."""

    program: str  # "master" or "minion"
    config_dir: Path
    pki_dir: Path
    state_dir: Path
    cache_dir: Path
    run_dir: Path
    log_dir: Path
    srv_dir: Path

    @classmethod
    def for_master(
        cls, root: str = "", config_dir: str = "", environ: Mapping[str, str] | None = None
    ) -> Paths:
        """Return the master's folders. Raises ConfigError for a `config_dir` that is not there."""
        return _paths("master", root, config_dir, environ)

    @classmethod
    def for_minion(
        cls, root: str = "", config_dir: str = "", environ: Mapping[str, str] | None = None
    ) -> Paths:
        """Return a minion's folders. Raises ConfigError for a `config_dir` that is not there."""
        return _paths("minion", root, config_dir, environ)

    @property
    def control_socket(self) -> Path:
        """Where the master listens to programs. Raises ConfigError if the path is too long for a socket."""
        return _socket(self.run_dir / "master.sock")

    @property
    def executor_socket(self) -> Path:
        """Where a minion's executor listens to its daemon. Raises ConfigError like `control_socket`."""
        return _socket(self.run_dir / "executor.sock")

    @property
    def desk_socket(self) -> Path:
        """Where a minion's jobs ask for the master's files. Raises ConfigError like `control_socket`."""
        return _socket(self.run_dir / "minion.sock")

    @property
    def grains_file(self) -> Path:
        """Where an operator may put grains of this box, as a YAML map."""
        return self.config_dir / "grains"

    @property
    def synced(self) -> Path:
        """Where a minion keeps what its master has synced: Salt's `_modules`, `_grains` and so on."""
        return self.state_dir / "synced"

    @property
    def config_file(self) -> Path:
        """The main configuration file: Salt's name, or that with `.yaml` if only that is there."""
        plain, yaml = self.config_dir / self.program, self.config_dir / f"{self.program}.yaml"
        return yaml if yaml.is_file() and not plain.exists() else plain

    def config_files(self) -> list[Path]:
        """Return the configuration files there are, in the order they are read.

        Raises:
            ConfigError: two main files, or a folder that may not be read.
        """
        other = self.config_dir / f"{self.program}.yaml"
        try:
            main = self.config_file
            if main != other and _exists(main) and _exists(other):
                raise ConfigError(f"both {main} and {other} exist. Keep one of them")
            found = [main] if _exists(main) else []
            folder = self.config_dir / f"{self.program}.d"
            if _exists(folder):
                found += sorted(folder.glob("[!.]*.conf"))
        except OSError as error:
            raise ConfigError(f"{error.filename}: cannot be read: {error.strerror}") from None
        return found

    def prepare(self) -> None:
        """Create the folders that are missing and take from the private ones what others may do there.

        Raises:
            ConfigError: a folder cannot be made, is no folder, or belongs to somebody else, or so does what is in
                a private one.
        """
        for folder in (self.config_dir, self.run_dir):
            _prepare(folder, 0o755)
        _prepare(self.log_dir, 0o750)
        for folder in (self.pki_dir, self.state_dir, self.cache_dir):
            _prepare(folder, 0o700)


def _paths(program: str, root: str, config_dir: str, environ: Mapping[str, str] | None) -> Paths:
    environ = os.environ if environ is None else environ
    top = Path(root or environ.get(ROOT_VARIABLE, "") or "/").absolute()
    config = Path(config_dir).absolute() if config_dir else top / "etc/shoal"
    if config_dir and not config.is_dir():
        raise ConfigError(f"there is no configuration folder {config}")
    return Paths(
        program=program,
        config_dir=config,
        pki_dir=config / "pki" / program,
        state_dir=top / "var/lib/shoal" / program,
        cache_dir=top / "var/cache/shoal" / program,
        run_dir=top / "run/shoal" / program,
        log_dir=top / "var/log/shoal" / program,
        srv_dir=top / "srv",
    )


def _socket(path: Path) -> Path:
    size = len(os.fsencode(path))
    if size > MAX_SOCKET_PATH:
        raise ConfigError(
            f"the socket's path {path} has {size} bytes, a unix socket can have {MAX_SOCKET_PATH}. "
            f"Use a shorter folder for --root or {ROOT_VARIABLE}"
        )
    return path


def _exists(path: Path) -> bool:
    """Like Path.exists, but tells a missing path from one that may not be looked at."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _make(folder: Path, mode: int) -> None:
    folder.mkdir(mode=mode, exist_ok=True)
    folder.chmod(mode)  # the umask may have taken bits away


def _prepare(folder: Path, mode: int) -> None:
    try:
        if not _exists(folder):
            for parent in reversed(folder.parents):
                if not _exists(parent):
                    _make(parent, 0o755)
            _make(folder, mode)
            return
        status = folder.stat()
        if not stat.S_ISDIR(status.st_mode):
            raise ConfigError(f"{folder} is not a folder. Move it away")
        if status.st_uid not in (0, os.geteuid()):
            raise ConfigError(f"{folder} belongs to user {status.st_uid}. Run: chown {os.geteuid()} {folder}")
        forbidden = 0o022 if mode & 0o055 else 0o077
        if status.st_mode & forbidden:
            folder.chmod(stat.S_IMODE(status.st_mode) & ~forbidden)
        if forbidden == 0o077:
            check_left(folder, deep=bool(status.st_mode & 0o022))
    except OSError as error:
        raise ConfigError(
            f"{folder}: cannot be made ready: {error.strerror}. Run as root, or give --root DIR"
        ) from None
