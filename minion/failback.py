"""Brings a minion back to the first master of its document, after it had to go to another one.

Now and then, with jitter so that a fleet does not come at once, it is looked whether that master can be reached; the
minion leaves the one that works only then, and only while no job runs. If the first master turns out to be of no use
after all, the usual way leads on to the next.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable
from random import Random
from typing import Final

from minion.endpoints import Endpoints
from minion.loop import Loop, Timer
from shoal.transport import Endpoint

log = logging.getLogger(__name__)

_CONNECT_S: Final = 5.0
Probe = Callable[[Endpoint, Callable[[bool], None]], None]  # calls back once, in the loop


class Failback:
    """See the module docstring. `interval_s` of 0: it stays where it is."""

    def __init__(
        self,
        *,
        loop: Loop,
        random: Random,
        endpoints: Endpoints,
        interval_s: float,
        probe: Probe,
        idle: Callable[[], bool],
        go: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._random = random
        self._endpoints = endpoints
        self._interval_s = interval_s
        self._probe = probe
        self._idle = idle
        self._go = go
        self._timer: Timer | None = None

    def start(self) -> None:
        """Begin to look, after a welcome."""
        self.stop()
        if self._interval_s:
            wait = self._interval_s * self._random.uniform(0.5, 1.5)
            self._timer = self._loop.call_later(wait, self._look)

    def stop(self) -> None:
        """Look no more: there is no connection to leave."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self.start()
        home = self._endpoints.home()
        if home is not None and self._idle():
            self._probe(home, self._found)

    def _found(self, reachable: bool) -> None:
        if reachable and self._timer is not None and self._idle() and self._endpoints.home() is not None:
            log.info("the first master can be reached again", extra={"action": "failback"})
            self.stop()
            self._endpoints.go_home()
            self._go()


def tcp_probe(loop: Loop) -> Probe:
    """Return a probe that makes a TCP connection, in a thread of its own: a name may take long to resolve."""

    def probe(place: Endpoint, found: Callable[[bool], None]) -> None:
        from threading import Thread  # only who is away from home pays for it

        read, write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

        def answer() -> None:
            reachable = os.read(read, 1) == b"1"
            loop.unwatch(read)
            os.close(read)
            found(reachable)

        loop.watch(read, answer)
        Thread(target=_connect, args=(place, write), name="failback", daemon=True).start()

    return probe


def _connect(place: Endpoint, write: int) -> None:
    try:
        socket.create_connection((place.host, place.request_port), timeout=_CONNECT_S).close()
        os.write(write, b"1")
    except OSError:
        os.write(write, b"0")
    finally:
        os.close(write)
