"""Becomes the executor: from a fork of the young daemon, or as a fresh program after a crash."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Final

from minion.executor import limits
from minion.executor.server import Server
from minion.executor.settings import ExecutorSettings
from minion.executor.spawn import BACKLOG
from minion.loop import Loop
from shoal.errors import ConfigError
from shoal.logs import set_up_logging

log = logging.getLogger(__name__)

_NAME: Final = "shoal-executor"


def serve(listener: socket.socket, settings: ExecutorSettings) -> None:
    """Run the executor in this process until it has nothing more to do."""
    _stand_alone(listener)
    loop = Loop()
    server = Server(loop, listener, settings)
    # Again, so that the socket's owner as its clients see it (SO_PEERCRED) is this process, not the daemon's.
    listener.listen(BACKLOG)
    limits.give_back_memory()
    gc.freeze()  # jobs are forked from here
    loop.run()
    del server


def _stand_alone(listener: socket.socket) -> None:
    """Be independent of whoever started us: session, directory, input, signals, descriptors."""
    try:
        os.setsid()
    except PermissionError:  # leads a session already
        pass
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    _close_all_but({0, 1, 2, listener.fileno(), *_log_descriptors()})
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limits.adopt_strays()
    limits.name_process(_NAME)


def _close_all_but(keep: set[int]) -> None:
    """Close what was inherited: a lock file of the daemon's, say, must not outlive it in here."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  numbers, not paths
        if int(name) not in keep:
            try:
                os.close(int(name))
            except OSError:  # the descriptor of the listing itself
                pass


def _log_descriptors() -> set[int]:
    found = set()
    for handler in logging.getLogger().handlers:
        stream = getattr(handler, "stream", None) or getattr(handler, "socket", None)
        try:
            found.add(stream.fileno() if stream is not None else 2)
        except (OSError, ValueError):  # a stream in memory
            pass
    return found


def main() -> None:
    """Serve on the listening socket that was put at descriptor 3; the daemon sends the settings later."""
    if len(sys.argv) != 4:
        sys.exit("minion.executor is started by the minion's daemon, with a listening socket as descriptor 3")
    level, style, file = sys.argv[1:]
    try:
        set_up_logging(level, style=style, file=Path(file) if file else None)
    except ConfigError as error:  # a log that cannot be written is no reason not to run jobs
        set_up_logging()
        log.error("%s", error, extra={"action": "executor_log_failed"})
    serve(socket.socket(fileno=3), ExecutorSettings(minion_id=""))
