"""One process full of minions: `python -m tests.benchmarks.swarm_process`, driven by `swarm.Swarm`.

Everything between the sockets and the executor is the minion's own code: keys, hello, welcome, JobTrust with an
Ed25519 check of every job, outbox, heartbeats. Only the executor is a stub that answers True at once.
The driver writes JSON lines to stdin; each is answered by one on stdout. At the end of stdin the process ends.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

from minion.daemon import _MAX_PUBLISH_BYTES
from minion.endpoints import Endpoints
from minion.loop import Loop
from minion.minion import Minion, Parts
from minion.outbox import Outbox
from pki.anchor import TrustAnchor
from pki.join import JoinString, parse_join_string
from pki.trust import JobTrust
from shoal.clock import FloorClock
from shoal.ids import new_nonce
from shoal.job import Job
from shoal.returns import Return
from shoal.transport import Endpoint
from shoal.wire import encode
from shoal.zmq_transport.link import ZmqConnector, shared_context
from tests.benchmarks.boxes import box_grains, box_id, box_keys, digest

FILES_EACH: Final = (
    5  # two sockets: a TCP connection and an event descriptor each; and a share of the threads
)
_FILES_WANTED: Final = 100_000
_SHARE: Final = 200  # minions in one zmq context, because libzmq's thread gets slower with each timer in it
_TRUE: Final = encode(True)


class Echo:
    """An executor whose every job has already ended well."""

    def __init__(self, minion: Minion, done: Counter[str], now: Callable[[], float]) -> None:
        self._minion = minion
        self._done = done
        self._now = now

    def submit(self, job: Job) -> None:
        """Answer True."""
        self._done["jobs"] += 1
        self._minion.jobs.returned(
            Return(
                jid=job.jid,
                fun=job.fun,
                outcome="done",
                retcode=0,
                packed=_TRUE,
                started=self._now(),
                duration_s=0.0,
            )
        )

    def resume(self, job: Job, since: float) -> None:
        """Nothing is ever interrupted."""

    def signal(self, jid: str, number: int) -> None:
        """Nothing ever runs."""

    def set_facts(
        self,
        grains: Mapping[str, Any],
        tags: Mapping[str, str],
        settings: Mapping[str, Any],
    ) -> None:
        """Nothing looks at them."""

    def use_pillar(self, packed: bytes) -> None:
        """Nothing looks at it."""

    def use_modules(self, digests: Mapping[str, bytes]) -> None:
        """There are none."""

    def stop(self, *, kill_jobs: bool = False, on_stopped: Callable[[], None] | None = None) -> None:
        """There is nothing to stop."""


class SwarmProcess:
    """The minions `first` to `first + count - 1`."""

    def __init__(self, join: JoinString, first: int, count: int) -> None:
        self._loop = Loop()
        self._contexts = [shared_context(_SHARE * 4) for _ in range(0, count, _SHARE)]
        self._random = Random(first)
        self._done: Counter[str] = Counter()
        self._endpoint = Endpoint(
            host=join.addresses[0],
            publish_port=join.publish_port,
            request_port=join.request_port,
            curve_key=join.curve_key,
        )
        self._minions = [self._make(join, number) for number in range(first, first + count)]
        self._outboxes = [minion._parts.outbox for minion in self._minions]
        self._input = b""
        self._obey = {"start": self._start, "state": self._state, "refused": self._refused}

    def run(self) -> None:
        """Obey stdin until it ends."""
        os.set_blocking(0, False)
        self._loop.watch(0, self._read)
        self._loop.run()
        os._exit(0)  # ten thousand sockets need not be closed one by one

    def _make(self, join: JoinString, number: int) -> Minion:
        keys = box_keys(number)
        connector = ZmqConnector(
            self._loop,
            curve_secret=keys.curve.secret,
            curve_public=keys.curve.public,
            max_publish_bytes=_MAX_PUBLISH_BYTES,
            context=self._contexts[number % len(self._contexts)],
        )
        return Minion(
            Parts(
                id=box_id(number),
                instance=new_nonce().hex(),
                keys=keys,
                token=join.token,
                loop=self._loop,
                clock=FloorClock(self._loop.clock),
                trust=JobTrust(TrustAnchor(join.root_key), box_id(number)),
                connector=connector,
                endpoints=Endpoints([self._endpoint]),
                outbox=Outbox(),
                random=self._random,
                facts=partial(_facts, digest(box_grains(number)), _Grains(number)),
            )
        )

    def _read(self) -> None:
        data = os.read(0, 65536)
        if not data:
            self._loop.stop()
        *lines, self._input = (self._input + data).split(b"\n")
        for line in lines:
            answer = self._obey[json.loads(line)["do"]]()
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()

    def _start(self) -> dict[str, Any]:
        for minion in self._minions:
            minion.start(Echo(minion, self._done, self._loop.clock.time))
        return {}

    def _state(self) -> dict[str, Any]:
        """Count; as cheaply as it goes, because it is asked while others are measured."""
        return {
            **self._done,
            "online": [minion.state for minion in self._minions].count("online"),
            "unacknowledged": sum(map(len, self._outboxes)),
        }

    def _refused(self) -> dict[str, int]:
        refused: Counter[str] = Counter()
        for minion in self._minions:
            refused.update(minion.counters)
        return refused


class _Grains(Mapping[str, Any]):
    """The grains of one box, made when somebody looks: ten thousand times a hundred are not kept."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._made: dict[str, Any] = {}

    def __iter__(self) -> Iterator[str]:
        self._made = box_grains(self._number)
        return iter(self._made)

    def __getitem__(self, key: str) -> Any:
        return self._made[key]

    def __len__(self) -> int:
        return len(self._made)


def _facts(known: bytes, grains: _Grains) -> tuple[bytes, _Grains]:
    return known, grains


def raise_file_limit() -> int:
    """Let this process open as many files as it may, 100,000 if it may have that; return how many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in (max(_FILES_WANTED, hard), hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
            return limit
        except (ValueError, OSError):  # only CAP_SYS_RESOURCE may go beyond the hard limit
            continue
    raise AssertionError("the file limit cannot even be set to what it is")


def main() -> None:
    """Read the plan, the first line of stdin, and play it."""
    plan = json.loads(sys.stdin.buffer.raw.readline())  # type: ignore[attr-defined]
    Path("/proc/self/comm").write_text("shoal-swarm")
    raise_file_limit()
    logging.disable(logging.WARNING)  # thousands that wait for their turn all say so
    process = SwarmProcess(parse_join_string(plan["join"]), plan["first"], plan["count"])
    print("{}", flush=True)
    process.run()


if __name__ == "__main__":
    main()
