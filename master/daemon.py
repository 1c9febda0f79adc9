"""The process of `shoal-master`: folders, logs, signals, then one `Master` until it is told to stop.

SIGTERM and SIGINT end it; SIGHUP (`systemctl reload`) takes a newer masters document into use.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import sys

from master.config import MasterConfig
from master.master import Master
from master.signals import on_signal
from shoal.clock import SystemClock
from shoal.logs import set_up_logging
from shoal.paths import Paths
from shoal.readiness import Readiness
from shoal.sole_instance import be_alone

log = logging.getLogger(__name__)

_WANTED_FILES = 1_000_000  # each minion takes two


def main(paths: Paths, config: MasterConfig) -> int:
    """Run until SIGTERM or SIGINT; return the exit code. Raises ShoalError when it cannot start."""
    os.umask(0o077)
    paths.prepare()
    set_up_logging(config.log_level, style=config.log_format, file=config.log_file, secrets=config.secrets())
    be_alone(paths.run_dir / "master.lock", "shoal-master")
    _raise_file_limit()
    # The store's thread lets go of the interpreter at every row it reads; at the default of 5 ms it would get it
    # back too late whenever this thread is busy (1,000 rows: seconds instead of 16 ms).
    sys.setswitchinterval(0.0005)
    asyncio.run(_serve(paths, config, Readiness.take(os.environ)))
    return 0


async def _serve(paths: Paths, config: MasterConfig, readiness: Readiness) -> None:
    master = Master(config, paths, SystemClock())
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        on_signal(number, stop.set)
    await master.start()
    on_signal(signal.SIGHUP, master.reload)
    readiness.tell()
    try:
        await stop.wait()
    finally:
        log.info("stopping", extra={"action": "master_stopping"})
        await master.stop()
        if master.writer.stalled:
            _leave()


def _leave() -> None:
    """End now: threads that wait for a stalled database would keep this process for as long as it stalls."""
    logging.shutdown()
    os._exit(0)


def _raise_file_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in (_WANTED_FILES, hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, max(limit, hard)))
            return
        except (ValueError, OSError):
            continue  # only root may go beyond the hard limit
    log.warning("only %d files may be open; each minion takes two", soft, extra={"action": "file_limit"})
