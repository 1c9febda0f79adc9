"""A stream of returns as dense as it gets: `python -m tests.benchmarks.feeder_process`, driven by `case_returns`.

The connections, keys and hellos are real; the returns are made before they are sent, so that the machine's two
cores are left to the master as far as possible. No job is read and nothing is verified on this side.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any, Final

from minion.daemon import _MAX_PUBLISH_BYTES
from minion.loop import Loop
from pki.hello import Hello, make_hello
from pki.join import JoinString, parse_join_string
from shoal.ids import new_nonce
from shoal.messages import ACK, WELCOME, read_reply, request
from shoal.returns import Return
from shoal.transport import Endpoint, Link
from shoal.version import VERSION
from shoal.wire import encode
from shoal.zmq_transport.link import ZmqConnector, shared_context
from tests.benchmarks.boxes import box_grains, box_id, box_keys, digest
from tests.benchmarks.swarm_process import raise_file_limit

_IN_FLIGHT: Final = 20_000  # returns that may wait for an acknowledgement
_SHARE: Final = 100  # connections in one context


class Feeder:
    """Connections of `count` boxes."""

    def __init__(self, join: JoinString, count: int) -> None:
        self._loop = Loop()
        self._context = [shared_context(_SHARE * 4) for _ in range(0, count, _SHARE)]
        self._endpoint = Endpoint(
            host=join.addresses[0],
            publish_port=join.publish_port,
            request_port=join.request_port,
            curve_key=join.curve_key,
        )
        self.welcomed = 0
        self.acknowledged = 0
        self._links = [self._open(number) for number in range(count)]
        self.wait(lambda: self.welcomed == count)

    def feed(self, jids: list[str]) -> float:
        """Send a return of every box for each job; return the seconds until all are acknowledged."""
        frames = [request("return", _return(jid).to_wire()) for jid in jids]
        started = time.perf_counter()
        goal = self.acknowledged
        for frame in frames:
            for link in self._links:
                assert link.send(frame)
            goal += len(self._links)
            self._loop.run_once(0)
            self.wait(lambda goal=goal: goal - self.acknowledged < _IN_FLIGHT)  # type: ignore[misc]
        self.wait(lambda: self.acknowledged == goal)
        return time.perf_counter() - started

    def wait(self, done: Any) -> None:
        """Turn the loop until `done`."""
        end = time.monotonic() + 120
        while not done():
            self._loop.run_once(0.05)
            assert time.monotonic() < end, "the master stopped answering"

    def published(self, frame: bytes) -> None:
        """Nothing is subscribed."""

    def replied(self, frame: bytes) -> None:
        """Count."""
        kind, body = read_reply(frame)
        if kind == ACK:
            self.acknowledged += len(body)
        elif kind == WELCOME:
            self.welcomed += 1

    def _open(self, number: int) -> Link:
        keys = box_keys(number)
        connector = ZmqConnector(
            self._loop,
            curve_secret=keys.curve.secret,
            curve_public=keys.curve.public,
            max_publish_bytes=_MAX_PUBLISH_BYTES,
            context=self._context[number // _SHARE],
        )
        link = connector.open(self._endpoint, self)
        hello = Hello(
            id=box_id(number),
            sign_key=keys.sign.public,
            curve_key=keys.curve.public,
            nonce=new_nonce(),
            boot_id=new_nonce().hex(),
            started=time.time(),
            shoal=VERSION,
            grains_digest=digest(box_grains(number)),
        )
        link.send(request("hello", make_hello(hello, keys.sign)))
        return link


def _return(jid: str) -> Return:
    return Return(
        jid=jid,
        fun="test.ping",
        outcome="done",
        retcode=0,
        packed=encode(True),
        started=time.time(),
        duration_s=0.0,
    )


def main() -> None:
    """Read a plan, then lists of jobs, one JSON line each; answer each with one."""
    raise_file_limit()
    plan = json.loads(sys.stdin.readline())
    feeder = Feeder(parse_join_string(plan["join"]), plan["count"])
    print("{}", flush=True)
    for line in iter(sys.stdin.readline, ""):
        print(json.dumps({"seconds": feeder.feed(json.loads(line)["jids"])}), flush=True)


if __name__ == "__main__":
    main()
