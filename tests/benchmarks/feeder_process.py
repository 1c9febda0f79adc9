"""A stream of returns as dense as it gets: `python -m tests.benchmarks.feeder_process`, driven by `case_returns`.

The connections, keys and hellos are real; the returns are made before they are sent, so that the machine's two
cores are left to the master as far as possible. No job is read and nothing is verified on this side.
`case_crowd` drives it too: then all connections but one send one kind of message, and the last is a probe.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from itertools import cycle
from typing import Any, Final

from minion.daemon import _MAX_PUBLISH_BYTES
from minion.loop import Loop
from pki.hello import Hello, make_hello
from pki.join import JoinString, parse_join_string
from shoal.ids import new_nonce
from shoal.messages import ACK, ANSWER, PONG, WELCOME, read_reply, request
from shoal.returns import Return
from shoal.transport import BROADCAST, Endpoint, Link, own_topic
from shoal.version import VERSION
from shoal.wire import encode
from shoal.zmq_transport.link import ZmqConnector, shared_context
from tests.benchmarks.boxes import box_grains, box_id, box_keys, digest
from tests.benchmarks.swarm_process import raise_file_limit

_IN_FLIGHT: Final = 20_000  # returns that may wait for an acknowledgement
_GIVE_UP_S: Final = 20.0
_EACH_IN_FLIGHT: Final = 10
_PROBE_S: Final = 0.25  # between two questions: a key has five hellos and heartbeats a second
_PAUSES: Final = {"hello": 0.25, "facts": 0.1, "pillar": 2.0}
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
        self._ears = [Ear(self) for _ in range(count)]
        self._links = [self._open(number) for number in range(count)]
        self.wait(lambda: self.welcomed == count)
        for number, link in enumerate(self._links):
            link.subscribe((BROADCAST, own_topic(box_keys(number).curve.public.hex())))

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

    def crowd(self, kind: str, jids: list[str], seconds: float) -> dict[str, Any]:
        """Flood with one kind, and probe meanwhile; return the probe's waits in ms, by kind, and what was sent."""
        crowd = Crowd(kind, self._links[:-1], self._ears[:-1], jids)
        probe, ear = self._links[-1], self._ears[-1]
        waits: dict[str, list[float]] = {"hello": [], "heartbeat": [], "return": []}
        end = time.perf_counter() + seconds
        for turn, (name, wait) in enumerate(cycle(waits.items())):
            if time.perf_counter() > end:
                break
            before, started = ear.heard[ANSWERS[name]], time.perf_counter()
            frame = (
                self._hello(len(self._links) - 1) if name == "hello" else BODIES[name](jids[turn % len(jids)])
            )
            probe.send(frame)
            while ear.heard[ANSWERS[name]] == before and time.perf_counter() < started + _GIVE_UP_S:
                crowd.go_on(self._hello)
                self._loop.run_once(0.0005)
            wait.append((time.perf_counter() - started) * 1000)
            while time.perf_counter() < started + _PROBE_S:
                crowd.go_on(self._hello)
                self._loop.run_once(0.0005)
        self.wait(crowd.is_still)
        answered = sum(ear.heard[ANSWER] for ear in self._ears)
        return {"waits": waits, "sent": crowd.sent, "answered": answered}

    def _open(self, number: int) -> Link:
        keys = box_keys(number)
        connector = ZmqConnector(
            self._loop,
            curve_secret=keys.curve.secret,
            curve_public=keys.curve.public,
            max_publish_bytes=_MAX_PUBLISH_BYTES,
            context=self._context[number // _SHARE],
        )
        link = connector.open(self._endpoint, self._ears[number])
        link.send(self._hello(number))
        return link

    def _hello(self, number: int) -> bytes:
        keys = box_keys(number)
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
        return request("hello", make_hello(hello, keys.sign))


class Ear:
    """Hears for one connection: counts answers by kind."""

    def __init__(self, feeder: Feeder) -> None:
        self._feeder = feeder
        self.heard: Counter[str] = Counter()

    def published(self, frame: bytes) -> None:
        """Jobs are heard and not read: their returns are made already."""

    def replied(self, frame: bytes) -> None:
        """Count."""
        kind, body = read_reply(frame)
        self.heard[kind] += 1
        if kind == ACK:
            self.heard[ACK] += len(body) - 1
            self._feeder.acknowledged += len(body)
        elif kind == WELCOME:
            self._feeder.welcomed += 1


class Crowd:
    """Many connections that send one kind: returns as fast as they are answered, others every so often."""

    def __init__(self, kind: str, links: list[Link], ears: list[Ear], jids: list[str]) -> None:
        self._kind = kind
        self._links = links
        self._ears = ears
        self._jids = jids
        self._sent = [0] * len(links)
        self._heard = [ear.heard[ACK] for ear in ears]
        self._next = 0.0
        self.sent = 0

    def go_on(self, hello: Callable[[int], bytes]) -> None:
        """Let those send that may."""
        pause = _PAUSES.get(self._kind)
        if pause is not None and time.perf_counter() >= self._next:
            self._next = time.perf_counter() + pause
            for number, link in enumerate(self._links):
                frame = hello(number) if self._kind == "hello" else BODIES[self._kind]("")
                self.sent += link.send(frame)
        elif self._kind == "return":
            for number, link in enumerate(self._links):
                if self._waiting(number) < _EACH_IN_FLIGHT:
                    frame = BODIES["return"](self._jids[self._sent[number] % len(self._jids)])
                    self._sent[number] += link.send(frame)
                    self.sent += 1

    def is_still(self) -> bool:
        """True when all returns are acknowledged."""
        return not any(self._waiting(number) > 0 for number in range(len(self._links)))

    def _waiting(self, number: int) -> int:
        return self._sent[number] - (self._ears[number].heard[ACK] - self._heard[number])


ANSWERS: Final = {"hello": WELCOME, "heartbeat": PONG, "return": ACK}
BODIES: Final[dict[str, Callable[[str], bytes]]] = {
    "heartbeat": lambda _jid: request("heartbeat", {"running": 0}),
    "return": lambda jid: request("return", _return(jid).to_wire()),
    "pillar": lambda _jid: request("pillar", {"n": 1, "nonce": bytes(16), "pillarenv": "", "grains": b""}),
    "facts": lambda _jid: request("facts", {"digest": b"crowd", "grains": box_grains(0)}),
}


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
        order = json.loads(line)
        if "crowd" in order:
            found = feeder.crowd(order["crowd"], order["jids"], order["seconds"])
        else:
            found = {"seconds": feeder.feed(order["jids"])}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
