"""Starts executor processes for the daemon.

The daemon binds the socket and hands it over, so it can connect at once, before the executor is up. The first
executor is forked while the daemon is young and small and shares its pages; a later one, after a crash, is a
fresh program, because by then a fork would carry zmq, nacl and the daemon's heap.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import struct
import sys
from pathlib import Path
from typing import Final

# Not used here: daemon and executor both need these, and what is there before the fork is shared.
import minion.executor.link  # noqa: F401
import shoal.job
import shoal.returns  # noqa: F401
from minion.executor.settings import ExecutorSettings
from shoal.ownership import ours

log = logging.getLogger(__name__)

_CREDENTIALS: Final = struct.Struct("3i")  # pid, uid, gid
_LISTEN_FD: Final = 3
_TREE: Final = Path(__file__).parents[2]
# Not `-m`: where the daemon is cut off from its caller's Python (-I), so is this, and must be told where it lies.
_PROGRAM: Final = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from minion.executor.main import main; main()"
)
BACKLOG: Final = 16


class Spawner:
    """Knows how to start an executor that listens on `socket_path`."""

    def __init__(self, settings: ExecutorSettings, socket_path: Path) -> None:
        self.settings = settings
        self.socket_path = socket_path
        self.pid = 0

    def fork(self) -> int:
        """Fork an executor off this process, which should have done little else yet, and return its pid."""
        listener = bind(self.socket_path)
        # What exists now is never collected, here or there: a collection would write to every page and so
        # end the sharing.
        gc.freeze()
        pid = os.fork()
        if pid == 0:
            self._become(listener)
        listener.close()
        self.pid = pid
        return pid

    def start(self) -> int:
        """Start a fresh executor and return its pid. Raises OSError."""
        with bind(self.socket_path) as listener:
            self.pid = os.posix_spawn(
                sys.executable,
                [sys.executable, *_flags(), "-c", _PROGRAM, str(_TREE), *self._log_words()],
                os.environ,
                file_actions=[(os.POSIX_SPAWN_DUP2, listener.fileno(), _LISTEN_FD)],
                setsigmask=(),
                setsigdef=(signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD),
            )
        return self.pid

    def _log_words(self) -> tuple[str, str, str]:
        return self.settings.log_level, self.settings.log_format, self.settings.log_file

    def give_up(self) -> None:
        """End the executor that was forked here, if any: its daemon cannot start."""
        if self.pid:
            os.kill(self.pid, signal.SIGTERM)

    def _become(self, listener: socket.socket) -> None:
        status = 1
        try:
            # Only now: the daemon itself has no use for what a job needs.
            from minion.executor.main import serve

            serve(listener, self.settings)
            status = 0
        except BaseException:
            log.exception("the executor failed", extra={"action": "executor_failed"})
        finally:
            os._exit(status)


def _flags() -> list[str]:
    ours = {"-I": sys.flags.isolated, "-B": sys.flags.dont_write_bytecode}
    return [flag for flag, is_set in ours.items() if is_set]


def fork_executor(settings: ExecutorSettings, socket_path: Path) -> Spawner:
    """Fork an executor, unless one is left of an earlier daemon; call it before zmq and nacl are imported.

    Returns the `Spawn` for `ExecutorClient`; its `pid` is 0 if there was one already.
    """
    spawner = Spawner(settings, socket_path)
    sock = connect(socket_path)
    if sock is None:
        spawner.fork()
    else:
        sock.close()
    return spawner


def connect(path: Path) -> socket.socket | None:
    """Return a socket connected to the executor at `path`, None if nobody of ours listens there."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.connect(str(path))
        raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    except OSError:
        sock.close()
        return None
    _pid, uid, _gid = _CREDENTIALS.unpack(raw)
    if not ours(uid):  # whoever could put a socket here once would be given all jobs
        log.error(
            "%s belongs to user %d; not used", path, uid, extra={"action": "foreign_executor", "uid": uid}
        )
        sock.close()
        return None
    return sock


def bind(path: Path) -> socket.socket:
    """Return a listening socket at `path`, mode 0600, instead of a dead one. Raises OSError."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(0o600)  # nobody can connect before listen()
        listener.listen(BACKLOG)
        if listener.fileno() == _LISTEN_FD:  # dup2 onto itself would leave it close-on-exec
            moved = socket.socket(fileno=os.dup(listener.detach()))
            os.close(_LISTEN_FD)
            return moved
    except OSError:
        listener.close()
        raise
    return listener
