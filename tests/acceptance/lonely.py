"""A minion without a master, for hours of fake time: `python -m tests.acceptance.lonely closed|silent PORT PORT`.

A real minion with its real transport and loop, in a process that does nothing else. The clock is moved by hand,
two seconds a step; prints what the process held after each tenth minute, as JSON.

closed   nobody listens at the ports
silent   somebody does, in this process, takes every connection and never says a word
"""

from __future__ import annotations

import gc
import json
import os
import socket
import sys
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

from minion.endpoints import Endpoints
from minion.loop import Loop
from minion.minion import Minion, Parts
from minion.outbox import Outbox
from pki.anchor import TrustAnchor
from pki.keys import NodeKeys, SignKey
from pki.trust import JobTrust
from shoal.clock import FakeClock, FloorClock
from shoal.policy import Policy
from shoal.timing import Timing
from shoal.transport import Endpoint, Link, LinkHandlers
from shoal.zmq_transport.link import ZmqConnector
from tests.fleet import until
from tests.rogue import open_files, resident_mib

MINUTES: Final = 60
SAMPLE_MINUTES: Final = 10
_STEP_S: Final = 2
_REAL_STEP_S: Final = 0.001  # what libzmq's own thread gets to try its connections


class BlackHole:
    """Takes connections and reads them to their end."""

    def __init__(self, ports: Sequence[int]) -> None:
        self.taken = 0
        self._held = 0
        self._lock = threading.Lock()
        for port in ports:
            listener = socket.create_server(("127.0.0.1", port), backlog=100)
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    @property
    def held(self) -> int:
        """How many connections there are."""
        with self._lock:
            return self._held

    def more_than(self, taken: int) -> bool:
        """True when it has taken more connections than that."""
        return self.taken > taken

    def _count(self, change: int) -> None:
        with self._lock:
            self._held += change
            self.taken += max(0, change)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            connection, _ = listener.accept()
            self._count(1)
            threading.Thread(target=self._swallow, args=(connection,), daemon=True).start()

    def _swallow(self, connection: socket.socket) -> None:
        with connection:
            while connection.recv(4096):
                pass
        self._count(-1)


class CountingConnector:
    """The real connector; counts the links it opens."""

    def __init__(self, connector: ZmqConnector) -> None:
        self._connector = connector
        self.opened = 0

    def open(self, endpoint: Endpoint, handlers: LinkHandlers) -> Link:
        """Return a link, as the real one does."""
        self.opened += 1
        return self._connector.open(endpoint, handlers)


class Lonely:
    """The minion, its clock, and what it runs on."""

    def __init__(self, kind: str, ports: Sequence[int]) -> None:
        self.hole = BlackHole(ports) if kind == "silent" else None
        self._clock = FakeClock()
        self._loop = Loop(self._clock)
        keys = NodeKeys.generate()
        self.connector = CountingConnector(
            ZmqConnector(
                self._loop,
                curve_secret=keys.curve.secret,
                curve_public=keys.curve.public,
                max_publish_bytes=1 << 20,
                timing=Timing(reconnect_ms=1, reconnect_max_ms=2),
            )
        )
        self.minion = Minion(self._parts(keys, ports))

    def _parts(self, keys: NodeKeys, ports: Sequence[int]) -> Parts:
        curve_key = NodeKeys.generate().curve.public
        place = Endpoint(host="127.0.0.1", publish_port=ports[0], request_port=ports[1], curve_key=curve_key)
        return Parts(
            id="lonely",
            instance="0" * 32,
            keys=keys,
            loop=self._loop,
            clock=FloorClock(self._clock),
            trust=JobTrust(TrustAnchor(SignKey.generate().public), "lonely", Policy()),
            connector=self.connector,
            endpoints=Endpoints([place]),
            outbox=Outbox(1 << 20),
            random=Random(1),
            facts=lambda: (b"digest", {}),
        )

    def live(self, seconds: int) -> None:
        """Let fake seconds pass."""
        for _ in range(seconds // _STEP_S):
            self._clock.advance(_STEP_S)
            links, taken = self.connector.opened, self.hole.taken if self.hole else 0
            self._loop.run_once(_REAL_STEP_S)
            if self.hole and self.connector.opened > links:
                until("the black hole to take the connection", partial(self.hole.more_than, taken))

    def sample(self) -> dict[str, Any]:
        """Return what the process holds once libzmq has closed what it was told to."""
        hole = self.hole
        if hole:
            until("old connections to be closed", lambda: hole.held <= 1)
        gc.collect()
        settled = [open_files(os.getpid())]

        def steady() -> bool:
            settled.append(open_files(os.getpid()))
            return len(settled) > 20 and len(set(settled[-10:])) == 1

        until("a steady number of descriptors", steady)
        return {
            "files": settled[-1],
            "threads": len(list(Path("/proc/self/task").iterdir())),
            "mib": resident_mib(os.getpid()),
            "objects": len(gc.get_objects()),
            "links": self.connector.opened,
        }


def main(kind: str, *ports: str) -> None:
    """Live, and print the samples."""
    lonely = Lonely(kind, [int(port) for port in ports])
    lonely.minion.start(executor=None)  # type: ignore[arg-type]  # no job will come
    samples = []
    for _ in range(MINUTES // SAMPLE_MINUTES):
        lonely.live(SAMPLE_MINUTES * 60)
        samples.append(lonely.sample())
    print(json.dumps(samples))
    sys.stdout.flush()
    os._exit(0)  # the black hole's threads wait for ever


if __name__ == "__main__":
    main(*sys.argv[1:])
