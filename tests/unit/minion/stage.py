"""A minion over the memory transport, masters that do as the test says, and a clock moved by hand.

Keys, seals and documents are real (`tests.unit.pki.fleet`); only the network, the clock and the executor are
the product's own stand-ins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from minion.endpoints import Endpoints
from minion.loop import Loop
from minion.minion import Minion, Parts
from minion.outbox import Outbox
from pki.hello import Hello, judge_hello
from pki.keys import NodeKeys
from pki.trust import JobTrust
from pki.welcome import Welcome, seal_welcome
from shoal.clock import FakeClock, FloorClock
from shoal.job import Job
from shoal.memory_transport import Fair, MemoryConnector, MemoryMasterTransport, MemoryNetwork
from shoal.messages import JOB, WELCOME, read_request, reply
from shoal.policy import Policy
from shoal.returns import Return
from shoal.transport import BROADCAST, Endpoint, Inbound, own_topic
from shoal.wire import encode
from tests.unit.pki.fleet import NOW, Fleet

BOX = "box1"
TURNS = 12  # of the loop, until everything has arrived in fair weather
FACTS: Mapping[str, Any] = {"id": BOX, "os": "Debian"}


class ScriptedMaster:
    """Answers hellos and heartbeats as told, and writes everything down."""

    def __init__(self, stage: Stage, host: str, keys: NodeKeys, certificate: bytes) -> None:
        self._stage = stage
        self.host = host
        self._keys = keys
        self._certificate = certificate
        self.answers = True  # False: it takes everything and says nothing
        self.reading: bool | None = True  # what it says to heartbeats
        self.welcome: dict[str, Any] = {}  # what its welcomes say
        self.hellos: list[Hello] = []
        self.requests: list[tuple[str, Any]] = []
        self.topics: list[bytes] = []
        self.gone: list[bytes] = []
        self.route = b""
        self.peer = ""
        self.transport: MemoryMasterTransport | None = None
        self.start()

    # the handlers of its transport

    def admit(self, domain: str, address: str, peer: str) -> bool:
        return True

    def grant(self, peer: str, topic: bytes) -> bool:
        self.topics.append(topic)
        return topic in (BROADCAST, own_topic(peer))

    def left(self, topic: bytes, peer: str) -> None:
        self.gone.append(topic)

    def all_left(self) -> None:
        raise NotImplementedError

    def received(self, batch: list[Inbound]) -> None:
        for inbound in batch:
            verb, body = read_request(inbound.frame)
            self.route, self.peer = inbound.route, inbound.peer
            if verb.name == "hello":
                self.hellos.append(judge_hello(body, bytes.fromhex(inbound.peer)))
                if self.answers:
                    self.send_welcome()
                continue
            self.requests.append((verb.name, body))
            if verb.name == "heartbeat" and self.answers:
                self.reply("pong", self.reading)

    # what it says

    def start(self) -> None:
        """Come up, as whatever it was before."""
        self.transport = MemoryMasterTransport(
            self._stage.network, self, self.host, 4506, curve_key=self._keys.curve.public
        )

    def stop(self) -> None:
        """Go away without a word."""
        assert self.transport is not None
        self.transport.close()

    def reply(self, kind: str, body: Any = None) -> None:
        """Say something to the minion that spoke last."""
        assert self.transport is not None
        self.transport.send(self.route, reply(kind, body))

    def send_welcome(self, **changes: Any) -> None:
        """Answer the last hello."""
        values: dict[str, Any] = {
            "nonce": self.hellos[-1].nonce,
            "status": "accepted",
            "time": self._stage.clock.time(),
            "heartbeat_s": 10.0,
        }
        welcome = Welcome(**(values | self.welcome | changes))
        self.reply(WELCOME, seal_welcome(welcome, self._keys.sign, self._certificate))

    def publish(self, frame: bytes, topic: bytes | None = None) -> None:
        """Publish to the minion that spoke last, or on `topic`."""
        assert self.transport is not None
        self.transport.publish(topic or own_topic(self.peer), frame)

    def send_job(self, **changes: Any) -> Job:
        """Seal and publish a job."""
        stage = self._stage
        now = stage.clock.time()
        stage.jobs += 1
        jid = f"{20270115080000000000 + stage.jobs}"
        values = {"jid": jid, "issued": now, "expires": now + 60} | changes
        sealed = stage.fleet.sealed_job(self._certificate, **values)
        self.publish(JOB + sealed)
        stage.settle()
        return stage.fleet.job(**values)

    # what it was told

    def got(self, verb: str) -> list[Any]:
        """Return the bodies of all requests of one verb, and forget them."""
        found = [body for name, body in self.requests if name == verb]
        self.requests = [(name, body) for name, body in self.requests if name != verb]
        return found

    def returns(self) -> list[Return]:
        """Return the returns that came since the last question."""
        return [Return.from_wire(body) for body in self.got("return")]


class Jobs:
    """An executor that only notes what it is to run."""

    def __init__(self) -> None:
        self.submitted: list[Job] = []
        self.resumed: list[tuple[Job, float]] = []
        self.signals: list[tuple[str, int]] = []

    def submit(self, job: Job) -> None:
        self.submitted.append(job)

    def resume(self, job: Job, since: float) -> None:
        self.resumed.append((job, since))

    def signal(self, jid: str, number: int) -> None:
        self.signals.append((jid, number))

    def set_facts(self, *facts: Mapping[str, Any]) -> None:
        raise NotImplementedError

    def use_pillar(self, packed: bytes) -> None: ...

    def use_modules(self, digests: Mapping[str, bytes]) -> None:
        raise NotImplementedError

    def stop(self, *, kill_jobs: bool = False, on_stopped: Callable[[], None] | None = None) -> None:
        raise NotImplementedError


class Stage:
    """See the module docstring."""

    def __init__(self, *hosts: str, policy: Policy | None = None, **parts: Any) -> None:
        self.clock = FakeClock(NOW)
        self.loop = Loop(self.clock)
        self.network = MemoryNetwork(Fair(self.loop))
        self.fleet = Fleet()
        self.jobs = 0
        self.executor = Jobs()
        self.outbox = Outbox()
        self.documents: list[bytes] = []
        self.welcomes: list[Welcome] = []
        self.rotations = 0
        keys = self.fleet.minion
        self.floor_clock = FloorClock(self.clock)
        given: dict[str, Any] = {
            "id": BOX,
            "instance": "i-1",
            "keys": keys,
            "loop": self.loop,
            "clock": self.floor_clock,
            "trust": JobTrust(self.fleet.anchor(), BOX, policy),
            "connector": MemoryConnector(self.network, keys.curve.public.hex()),
            "endpoints": Endpoints([self.endpoint(host) for host in hosts or ("m1",)]),
            "outbox": self.outbox,
            "random": Random(1),
            "facts": lambda: (b"digest", FACTS),
            "on_masters": self.documents.append,
            "on_welcome": self.welcomes.append,
            "on_rotated": self._rotated,
        }
        self.minion = Minion(Parts(**(given | parts)))

    def endpoint(self, host: str, curve_key: bytes = b"") -> Endpoint:
        """Return a place where a master of the fleet may be."""
        key = curve_key or self.fleet.master.curve.public
        return Endpoint(host=host, publish_port=4505, request_port=4506, curve_key=key)

    def master(self, host: str = "m1", keys: NodeKeys | None = None, **certified: Any) -> ScriptedMaster:
        """Bring a master up; it may have keys of its own."""
        keys = keys or self.fleet.master
        certificate = self.fleet.certify(keys, **certified) if certified else self.fleet.certificate
        return ScriptedMaster(self, host, keys, certificate)

    def online(self, **welcome: Any) -> ScriptedMaster:
        """Bring a master up and the minion on line."""
        master = self.master()
        master.welcome = welcome
        self.start()
        assert self.minion.state == "online"
        return master

    def start(self) -> None:
        """Start the minion and let it say what it has to say."""
        self.minion.start(self.executor)
        self.settle()

    def settle(self) -> None:
        """Let everything arrive; no time passes."""
        for _ in range(TURNS):
            self.loop.run_once(0)

    def advance(self, seconds: float, step_s: float = 0.5) -> None:
        """Let time pass."""
        while seconds > 0:
            self.clock.advance(min(step_s, seconds))
            seconds -= step_s
            self.settle()

    def answer(self, job: Job, value: Any = True, retcode: int = 0) -> Return:
        """Let the executor finish a job."""
        ret = Return(
            jid=job.jid,
            fun=job.fun,
            outcome="done",
            retcode=retcode,
            packed=encode(value),
            started=self.clock.time(),
            duration_s=0.0,
        )
        self.minion.jobs.returned(ret)
        self.settle()
        return ret

    def _rotated(self) -> None:
        self.rotations += 1
