"""Attackers: a peer that sends whatever it is told, and a master that is none.

    with RoguePeer(secrets_of(fleet.master_root), "evil") as evil:
        evil.send(b"anything")
        assert evil.hello().status == "pending"

Both speak ZeroMQ CURVE with keys that the test chooses and know every byte of the protocol; neither keeps to it.
They run in the test's own thread: nothing is received unless the test asks for it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml
import zmq

from pki.anchor import TrustAnchor
from pki.certificate import issue_certificate
from pki.envelope import seal
from pki.hello import Hello
from pki.keys import NodeKeys, SignKey
from pki.purpose import HELLO as HELLO_PURPOSE
from pki.purpose import JOB as JOB_PURPOSE
from pki.purpose import WELCOME as WELCOME_PURPOSE
from pki.secret_file import load_node_keys, load_root_key
from pki.statement import join_statement
from pki.welcome import Welcome, judge_welcome
from shoal.ids import JidMaker, new_nonce
from shoal.job import Job
from shoal.messages import JOB, WELCOME, read_reply, read_request, reply, request
from shoal.transport import BROADCAST, own_topic
from shoal.version import VERSION
from shoal.wire import decode, encode
from tests.zmtp import RawPeer

WAIT_S = 10.0
_JIDS = JidMaker()


@dataclass(frozen=True, kw_only=True)
class MasterSecrets:
    """Everything that a master has, or that somebody has stolen of it."""

    publish_port: int
    request_port: int
    root: SignKey
    keys: NodeKeys
    certificate: bytes
    masters: bytes
    name: str = "master1"

    @property
    def anchor(self) -> TrustAnchor:
        """What minions of the fleet trust."""
        return TrustAnchor(self.root.public)

    @property
    def fleet(self) -> str:
        """The fleet's id."""
        return self.anchor.fleet

    def of_another_fleet(self) -> MasterSecrets:
        """Return the same CURVE key and address under another root: a stolen transport key is all they share."""
        root = SignKey.generate()
        keys = NodeKeys(SignKey.generate(), self.keys.curve)
        return replace(self, root=root, keys=keys, certificate=certify(root, self.name, keys))

    def with_curve(self, other: NodeKeys) -> MasterSecrets:
        """Return all of this but the CURVE key, which is another node's."""
        return replace(self, keys=NodeKeys(self.keys.sign, other.curve))

    def seal_job(self, job: Job) -> bytes:
        """Return what the master would publish for `job`."""
        return JOB + seal(JOB_PURPOSE, encode(job.to_wire()), self.keys.sign, self.certificate)


def secrets_of(master_root: Path) -> MasterSecrets:
    """Read a test master's files."""
    etc = master_root / "etc/shoal"
    config = yaml.safe_load((etc / "master").read_text())
    pki = etc / "pki/master"
    return MasterSecrets(
        publish_port=config["publish_port"],
        request_port=config["ret_port"],
        root=load_root_key(pki / "root.key"),
        keys=load_node_keys(pki / "master.key"),
        certificate=(pki / "master.crt").read_bytes(),
        masters=(pki / "masters.doc").read_bytes(),
        name=config["id"],
    )


def certify(root: SignKey, name: str, keys: NodeKeys, *, days: tuple[float, float] = (-1, 30)) -> bytes:
    """Return a certificate for `keys`, valid from and to so many days from now."""
    now = time.time()
    valid = (now + days[0] * 86400, now + days[1] * 86400)
    public = (keys.sign.public, keys.curve.public)
    return issue_certificate(root, name, public, valid=valid, serial=int(now * 1_000_000))


def make_job(fleet: str, **changes: Any) -> Job:
    """Return a job as the master makes them; `changes` replace fields."""
    now = time.time()
    values: dict[str, Any] = {
        "jid": _JIDS.new(now),
        "fleet": fleet,
        "to": "*",
        "fun": "test.ping",
        "issued": now,
        "expires": now + 60,
        "user": "root",
    }
    return Job(**(values | changes))


def job_in(frame: bytes) -> Job:
    """Return the job in a published frame, believing everything."""
    assert frame[:1] == JOB, frame[:40]
    return Job.from_wire(decode(decode(frame[1:], len(frame))[3], len(frame)))


class RoguePeer:
    """A connection to the master's request port, and to its publish port once asked for."""

    def __init__(
        self,
        master: MasterSecrets,
        minion_id: str = "rogue",
        *,
        keys: NodeKeys | None = None,
        sign: SignKey | None = None,
        curve_key: bytes = b"",
        kind: int = zmq.DEALER,
    ) -> None:
        """Connect with `keys` (fresh ones if not given). `curve_key` is the server key to expect."""
        self.id = minion_id
        self.keys = keys or NodeKeys.generate()
        self.sign = sign or self.keys.sign
        self.instance = new_nonce().hex()
        self._master = master
        self._curve_key = curve_key or master.keys.curve.public
        self._context: zmq.Context[Any] = zmq.Context(io_threads=1)
        self._opened: list[Any] = []
        self.dealer = self._socket(kind, master.request_port)
        self._sub: Any = None
        self._nonce = b""

    def __enter__(self) -> RoguePeer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def peer(self) -> str:
        """The name that the master's transport knows it by."""
        return self.keys.curve.public.hex()

    def close(self) -> None:
        """Hang up."""
        self._context.destroy(linger=0)

    def send(self, *frames: bytes, timeout_s: float = WAIT_S) -> None:
        """Send one message of these frames as they are."""
        self.dealer.setsockopt(zmq.SNDTIMEO, int(timeout_s * 1000))
        self.dealer.send_multipart(frames)

    def say(self, verb: str, body: Any) -> None:
        """Send a well-formed request."""
        self.send(request(verb, body))

    def hello_bytes(self, **changes: Any) -> bytes:
        """Return a signed hello; `changes` replace fields of its body, even with what no minion would write."""
        self._nonce = new_nonce()
        hello = Hello(
            id="any",
            sign_key=self.sign.public,
            curve_key=self.keys.curve.public,
            nonce=self._nonce,
            boot_id=self.instance,
            started=time.time(),
            shoal=VERSION,
        )
        body = encode({**hello.to_wire(), "id": self.id, **changes})
        return join_statement(body, self.sign.sign(HELLO_PURPOSE, body))

    def hello(self, timeout_s: float = WAIT_S, **changes: Any) -> Welcome:
        """Say hello and return the welcome that answers it."""
        self.say("hello", self.hello_bytes(**changes))
        return self.welcome(timeout_s)

    def welcome(self, timeout_s: float = WAIT_S) -> Welcome:
        """Return the answer to the last hello."""
        sealed = self.wait_for(WELCOME, timeout_s)
        return judge_welcome(sealed, self._nonce, self._master.anchor, time.time())[0]

    def join(self, token: str) -> Welcome:
        """Become an accepted minion that reads its topics."""
        welcome = self.hello(token=token)
        assert welcome.status == "accepted", welcome
        return welcome

    def facts(self, grains: Mapping[str, Any] | None = None, digest: bytes = b"d") -> None:
        """Send grains."""
        self.say("facts", {"digest": digest, "grains": dict(grains or {"os": "Rogue"})})

    def wait_for(self, kind: str, timeout_s: float = WAIT_S) -> Any:
        """Return the body of the next reply of `kind`; what comes before it is let go."""
        end = time.monotonic() + timeout_s
        while True:
            frame = self._receive(self.dealer, end - time.monotonic())
            assert frame is not None, f"waited {timeout_s:g} s for {kind}"
            found, body = read_reply(frame[-1])
            if found == kind:
                return body

    def replies(self, quiet_s: float = 0.3) -> list[tuple[str, Any]]:
        """Return all replies until none came for `quiet_s`."""
        return [read_reply(frames[-1]) for frames in self._until_quiet(self.dealer, quiet_s)]

    # ------------------------------------------------------------ publish port

    def open_publish(self, kind: int = zmq.SUB) -> Any:
        """Connect to the publish port by a socket of `kind` (SUB; XSUB to write) and return it."""
        return self._socket(kind, self._master.publish_port)

    def raw_publish(self) -> RawPeer:
        """Return a hand-made connection to the publish port, that may say and cancel anything."""
        port, key = self._master.publish_port, self._master.keys.curve.public
        return RawPeer(port, key, self.keys.curve, socket_type=b"XSUB").handshake()

    def raw_request(self, **options: Any) -> RawPeer:
        """Return a hand-made connection to the request port, before its handshake."""
        port, key = self._master.request_port, self._master.keys.curve.public
        return RawPeer(port, key, self.keys.curve, **options)

    def subscribe(self, *topics: bytes) -> None:
        """Ask for topics; its own and the one of all if none are given."""
        if self._sub is None:
            self._sub = self.open_publish()
        for topic in topics or (BROADCAST, own_topic(self.peer)):
            self._sub.setsockopt(zmq.SUBSCRIBE, topic)

    def breathe(self) -> None:
        """Let libzmq work: a socket subscribes again after a reconnect only when its owner looks at it."""
        for socket in self._opened:
            if not socket.closed:
                socket.poll(0)

    def published(self, quiet_s: float = 0.5) -> list[bytes]:
        """Return the frames that were published to it until none came for `quiet_s`."""
        return [frames[-1] for frames in self._until_quiet(self._sub, quiet_s)] if self._sub else []

    def next_published(self, timeout_s: float = WAIT_S) -> bytes:
        """Return the next frame that is published to it."""
        frames = self._receive(self._sub, timeout_s)
        assert frames is not None, f"nothing was published within {timeout_s:g} s"
        return frames[-1]

    # ---------------------------------------------------------------- sockets

    def _socket(self, kind: int, port: int) -> Any:
        socket = self._context.socket(kind)
        self._opened.append(socket)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.SNDHWM, 0)
        socket.setsockopt(zmq.RECONNECT_IVL, 50)
        socket.setsockopt(zmq.CURVE_SERVERKEY, self._curve_key)
        socket.setsockopt(zmq.CURVE_PUBLICKEY, self.keys.curve.public)
        socket.setsockopt(zmq.CURVE_SECRETKEY, self.keys.curve.secret)
        socket.connect(f"tcp://127.0.0.1:{port}")
        return socket

    @staticmethod
    def _receive(socket: Any, timeout_s: float) -> list[bytes] | None:
        if not socket.poll(max(0, int(timeout_s * 1000))):
            return None
        frames: list[bytes] = socket.recv_multipart()
        return frames

    def _until_quiet(self, socket: Any, quiet_s: float) -> Iterator[list[bytes]]:
        while (frames := self._receive(socket, quiet_s)) is not None:
            yield frames


class RogueMaster:
    """What binds a master's two ports and says what the test wants."""

    def __init__(self, secrets: MasterSecrets) -> None:
        self.secrets = secrets
        self._context: zmq.Context[Any] = zmq.Context(io_threads=1)
        self._routes: set[bytes] = set()  # connections that have said something
        self._router = self._bind(zmq.ROUTER, secrets.request_port)
        self._xpub = self._bind(zmq.XPUB, secrets.publish_port)

    def __enter__(self) -> RogueMaster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Unbind."""
        self._context.destroy(linger=0)

    def wait_for_reader(self, topic: bytes, timeout_s: float = 30.0) -> None:
        """Wait until somebody subscribed to `topic`."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            if self._xpub.poll(100) and self._xpub.recv() == b"\x01" + topic:
                return
        raise AssertionError(f"nobody subscribed to {topic!r} within {timeout_s:g} s")

    def publish(self, topic: bytes, frame: bytes) -> None:
        """Send `frame` to the readers of `topic`."""
        self._xpub.send_multipart([topic, frame])

    def next_request(self, verb: str = "", timeout_s: float = 30.0) -> tuple[bytes, str, Any]:
        """Return route, verb and body of the next request (of this verb)."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            if not self._router.poll(100):
                continue
            route, frame = self._router.recv_multipart()
            self._routes.add(route)
            found, body = read_request(frame)
            if verb in ("", found.name):
                return route, found.name, body
        raise AssertionError(f"no request {verb!r} within {timeout_s:g} s")

    def answer(self, route: bytes, frame: bytes) -> None:
        """Send a reply; one to a connection that is gone is dropped."""
        self._router.send_multipart([route, frame])

    def probe(self) -> tuple[bytes, str, Any]:
        """Return a request of the minion that has just come, after asking for one on all connections there were."""
        while self._router.poll(0):
            self._routes.add(self._router.recv_multipart()[0])
        while True:
            for route in self._routes:
                self.answer(route, reply("probe"))
            with suppress(AssertionError):
                return self.next_request(timeout_s=2.0)

    def hears_nothing(self, seconds: float) -> None:
        """Assert that no request can be read for so long."""
        assert not self._router.poll(int(seconds * 1000)), "somebody trusts our key"

    @staticmethod
    def nonce_of(hello: bytes) -> bytes:
        """Return the nonce in a hello's bytes."""
        body, _signature = decode(hello, 1 << 16)
        nonce: bytes = decode(body, 1 << 16)["nonce"]
        return nonce

    @staticmethod
    def sealed_welcome(secrets: MasterSecrets, nonce: bytes, **changes: Any) -> bytes:
        """Return a welcome as a reply, sealed by the holder of `secrets`; `changes` replace fields of its body."""
        values: dict[str, Any] = {
            "nonce": nonce,
            "status": "accepted",
            "time": time.time(),
            "heartbeat_s": 60.0,
        }
        body = encode({**Welcome(**values).to_wire(), **changes})
        return reply(WELCOME, seal(WELCOME_PURPOSE, body, secrets.keys.sign, secrets.certificate))

    def _bind(self, kind: int, port: int) -> Any:
        end = time.monotonic() + WAIT_S
        while True:  # the real master's socket may still be closing
            socket = self._context.socket(kind)
            socket.setsockopt(zmq.LINGER, 0)
            socket.setsockopt(zmq.CURVE_SERVER, 1)
            socket.setsockopt(zmq.CURVE_SECRETKEY, self.secrets.keys.curve.secret)
            try:
                socket.bind(f"tcp://127.0.0.1:{port}")
                return socket
            except zmq.ZMQError:
                socket.close(linger=0)
                assert time.monotonic() < end, f"port {port} stays taken"
                time.sleep(0.05)


@contextmanager
def peers(*made: RoguePeer) -> Iterator[tuple[RoguePeer, ...]]:
    """Close all of these at the end."""
    try:
        yield made
    finally:
        for each in made:
            each.close()


def cpu_seconds(pid: int) -> float:
    """Return the CPU time a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100.0


def resident_mib(pid: int) -> float:
    """Return the memory a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 2**20


def open_files(pid: int) -> int:
    """Return how many descriptors a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
