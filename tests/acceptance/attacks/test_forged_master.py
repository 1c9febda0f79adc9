"""A master that is none, against a live minion: it has stolen the address and the CURVE key (attack list 10-14).

The real master is stopped; the forged one binds its ports, and the minion's sockets connect to it by themselves.
What it lacks is a sign key that the fleet's root has certified. Whatever it publishes is refused, counted by one
line in the minion's log, and the minion goes on, without effort, until the real master is back.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pki.envelope import seal
from pki.keys import NodeKeys, SignKey
from pki.masters import MasterEntry, MastersDocument, issue_masters
from pki.purpose import JOB as JOB_PURPOSE
from pki.purpose import NOTICE as NOTICE_PURPOSE
from pki.purpose import WELCOME as WELCOME_PURPOSE
from pki.statement import join_statement, split_statement
from pki.trust import JobTrust
from shoal.errors import TrustError, WireError
from shoal.job import Job
from shoal.messages import JOB, NOTICE, WELCOME, reply
from shoal.policy import Policy
from shoal.subscribers import MINE
from shoal.transport import BROADCAST
from shoal.wire import decode, encode
from tests.acceptance.attacks.arena import Arena
from tests.fleet import Fleet, short_folder
from tests.rogue import MasterSecrets, RogueMaster, certify, cpu_seconds, job_in, make_job, resident_mib

BOX = "box-1"
MANY = 300


@dataclass
class Stolen:
    """The minion, the forged master, and what was captured before the real one was stopped."""

    arena: Arena
    forged: RogueMaster
    captured: bytes  # a job for all, as it was published while the real master lived
    mark: Path  # each job that runs adds a line with its number
    made: int = 0

    @property
    def secrets(self) -> MasterSecrets:
        """All that the real master has; most tests use little of it."""
        return self.forged.secrets

    def job(self, **changes: Any) -> Job:
        """Return a job that leaves a mark if it runs."""
        self.made += 1
        fleet = changes.pop("fleet", self.secrets.fleet)
        words = f"echo {self.made} >> {self.mark}"
        return make_job(fleet, **{"fun": "cmd.run", "args": (words,), "to": BOX} | changes)

    def publish(self, *frames: bytes) -> None:
        """Publish to the minion."""
        for frame in frames:
            self.forged.publish(MINE, frame)

    def refusals(self, reason: str = "") -> int:
        """Return how many refusals the minion has logged."""
        words = ("action=refused", f"reason={reason!r}" if " " in reason else f"reason={reason}")
        return len(self.arena.log_lines(*words[: 2 if reason else 1], log=f"{BOX}.log"))

    def marks(self) -> list[str]:
        """Return the numbers of the jobs that have run."""
        return self.mark.read_text().split() if self.mark.exists() else []

    def run_one(self) -> str:
        """Let the minion run a good job, after which all that was published before is dealt with."""
        good, number = self.secrets.seal_job(self.job()), str(self.made)
        self.publish(good)
        self.arena.until("a good job to run", lambda: number in self.marks())
        return number

    def refused(self, reason: str, *frames: bytes) -> None:
        """Publish bad frames: each is refused for `reason`, none runs, and a good one still does."""
        before, marks = self.refusals(reason), self.marks()
        self.publish(*frames)
        self.arena.until(f"{len(frames)} x {reason}", lambda: self.refusals(reason) >= before + len(frames))
        assert self.refusals(reason) == before + len(frames)
        number = self.run_one()
        assert self.marks() == [*marks, number]


@pytest.fixture(scope="module")
def fleet() -> Iterator[Arena]:
    """A master and a minion, both real."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master(job_expires_s=3600, heartbeat_s=60)
        fleet.join(BOX)
        yield Arena(fleet)


@pytest.fixture(scope="module")
def stolen(fleet: Arena) -> Iterator[Stolen]:
    """The forged master in the real one's place; at the end the real one comes back and all is well."""
    spy = fleet.insider("spy")
    fleet.run("*", "test.ping", timeout_s=0.5)
    captured = next(frame for frame in spy.published() if frame[:1] == JOB)
    assert job_in(captured).to == "*", "what is captured can be replayed to anybody"
    spy.close()
    minion = fleet.fleet.minions[BOX]
    fleet.fleet.master.stop()  # type: ignore[union-attr]
    with RogueMaster(fleet.master) as forged:
        forged.wait_for_reader(MINE)
        yield Stolen(fleet, forged, captured, fleet.fleet.folder / "marks")
    assert minion.alive, "it must outlive every forgery"
    fleet.fleet.start_master()
    fleet.fleet.wait_up(BOX, timeout_s=60)
    assert fleet.run(BOX, "test.ping")[BOX]["ret"] is True
    fleet.hang_up()
    fleet.check_logs()


def test_path_that_the_forgeries_take_is_open(stolen: Stolen) -> None:
    """A job with the real master's seal does run when the forged one delivers it: so the other tests show something."""
    stolen.run_one()


def test_captured_job_is_not_run_again(stolen: Stolen) -> None:
    stolen.refused("replayed", stolen.captured, stolen.captured)


def test_job_delivered_twice_runs_once(stolen: Stolen) -> None:
    frame = stolen.secrets.seal_job(stolen.job())
    number, replays = str(stolen.made), stolen.refusals("replayed")
    stolen.publish(frame, frame, frame)
    stolen.arena.until("it to run", lambda: number in stolen.marks())
    stolen.arena.until("the replays", lambda: stolen.refusals("replayed") >= replays + 2)
    stolen.run_one()
    assert stolen.marks().count(number) == 1


def test_job_from_before_the_session_is_not_run(stolen: Stolen) -> None:
    stolen.refused("replayed", stolen.secrets.seal_job(stolen.job(issued=time.time() - 3000)))


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("wrong minion", {"to": "box-2"}),
        ("wrong minion", {"to": "BOX-1"}),
        ("wrong minion", {"to": "box-1."[:-1] + "0"}),
        ("expired", {"issued": time.time() - 7200, "expires": time.time() - 3600}),
        ("expired", {"issued": 0.0, "expires": 1.0}),
        ("bad lifetime", {"expires": time.time() + 32 * 86400}),
        ("issued in the future", {"issued": time.time() + 86400, "expires": time.time() + 86500}),
        ("wrong fleet", {"fleet": "0" * 32}),
        ("wrong fleet", {"fleet": ""}),
    ],
)
def test_authentic_job_that_is_not_for_here_and_now_is_refused(
    stolen: Stolen, reason: str, changes: dict[str, Any]
) -> None:
    stolen.refused(reason, stolen.secrets.seal_job(stolen.job(**changes)))


def _with_body(secrets: MasterSecrets, body: dict[str, Any], key: SignKey | None = None) -> bytes:
    return JOB + seal(JOB_PURPOSE, encode(body), key or secrets.keys.sign, secrets.certificate)


def _parts(frame: bytes) -> list[Any]:
    parts: list[Any] = decode(frame[1:], len(frame))
    return parts


FORGERIES: dict[str, tuple[str, Callable[[Stolen], bytes]]] = {
    "no signature": ("malformed", lambda s: JOB + encode(_parts(_good(s))[:4])),
    "empty signature": ("bad signature", lambda s: JOB + encode([*_parts(_good(s))[:4], b""])),
    "zero signature": ("bad signature", lambda s: JOB + encode([*_parts(_good(s))[:4], bytes(64)])),
    "signature of another job": ("bad signature", lambda s: JOB + encode([*_parts(_good(s))[:4], _parts(_good(s))[4]])),
    "another key under the real certificate": (
        "bad signature", lambda s: _with_body(s.secrets, s.job().to_wire(), SignKey.generate())),
    "certificate of another root": ("unknown signer", lambda s: s.secrets.of_another_fleet().seal_job(s.job())),
    "certificate signed by the master itself": (
        "unknown signer",
        lambda s: JOB + seal(
            JOB_PURPOSE, encode(s.job().to_wire()), s.secrets.keys.sign,
            certify(s.secrets.keys.sign, "master1", s.secrets.keys))),
    "no certificate": ("malformed", lambda s: JOB + encode([1, "job", b"", *_parts(_good(s))[3:]])),
    "expired certificate": ("certificate expired", lambda s: _certified(s, (-30, -1))),
    "certificate of tomorrow": ("certificate early", lambda s: _certified(s, (1, 30))),
    "signed as a welcome, sent as a job": (
        "bad signature",
        lambda s: JOB + encode([1, "job", s.secrets.certificate, (body := encode(s.job().to_wire())),
                                s.secrets.keys.sign.sign(WELCOME_PURPOSE, body)])),
    "sealed as a welcome": ("wrong purpose", lambda s: _sealed_as(s, WELCOME_PURPOSE)),
    "sealed as a notice": ("wrong purpose", lambda s: _sealed_as(s, NOTICE_PURPOSE)),
    "unknown purpose": ("malformed", lambda s: JOB + encode([1, "Job", *_parts(_good(s))[2:]])),
    "older version": ("unknown version", lambda s: JOB + encode([0, *_parts(_good(s))[1:]])),
    "newer version": ("unknown version", lambda s: JOB + encode([2, *_parts(_good(s))[1:]])),
    "version as text": ("malformed", lambda s: JOB + encode(["1", *_parts(_good(s))[1:]])),
    "version true": ("malformed", lambda s: JOB + encode([True, *_parts(_good(s))[1:]])),
    "job version 0": ("malformed", lambda s: _with_body(s.secrets, {**s.job().to_wire(), "v": 0})),
    "job version 2": ("malformed", lambda s: _with_body(s.secrets, {**s.job().to_wire(), "v": 2})),
    "job without an expiry": ("malformed", lambda s: _with_body(s.secrets, _without(s.job(), "expires"))),
    "job with a field more": ("malformed", lambda s: _with_body(s.secrets, {**s.job().to_wire(), "also": 1})),
    "two functions": ("malformed", lambda s: _with_body(s.secrets, {**s.job().to_wire(), "fun": ["a.b", "c.d"]})),
    "two functions in one text": (
        "malformed", lambda s: _with_body(s.secrets, {**s.job().to_wire(), "fun": "test.ping,cmd.run"})),
    "job for a list": ("malformed", lambda s: _with_body(s.secrets, {**s.job().to_wire(), "to": ["*", BOX]})),
    "target expression": ("malformed", lambda s: _with_body(s.secrets, {**s.job().to_wire(), "to": "box*"})),
    "jid that is a path": ("malformed", lambda s: _with_body(s.secrets, {**s.job().to_wire(), "jid": "../../etc/x"})),
    "cut short": ("malformed", lambda s: _good(s)[:-1]),
    "with a byte more": ("malformed", lambda s: _good(s) + b"\0"),
    "twice in one frame": ("malformed", lambda s: _good(s) + _good(s)[1:]),
    "nothing": ("malformed", lambda _: b""),
    "only the kind": ("malformed", lambda _: JOB),
    "unknown kind": ("malformed", lambda s: b"X" + _good(s)[1:]),
    "job in a notice": ("malformed", lambda s: NOTICE + _good(s)[1:]),
    "noise": ("malformed", lambda _: JOB + random.Random(2).randbytes(500)),
    "bomb": ("malformed", lambda _: JOB + b"\xdd\x00\x03\xff\xff" + b"\x90" * 200_000),
    "deep bomb": ("malformed", lambda _: JOB + b"\x91" * 100_000 + b"\xc0"),
}  # fmt: skip


def _good(stolen: Stolen) -> bytes:
    return stolen.secrets.seal_job(stolen.job())


def _sealed_as(stolen: Stolen, purpose: str) -> bytes:
    secrets = stolen.secrets
    return JOB + seal(purpose, encode(stolen.job().to_wire()), secrets.keys.sign, secrets.certificate)


def _certified(stolen: Stolen, days: tuple[float, float]) -> bytes:
    secrets = stolen.secrets
    certificate = certify(secrets.root, secrets.name, secrets.keys, days=days)
    return JOB + seal(JOB_PURPOSE, encode(stolen.job().to_wire()), secrets.keys.sign, certificate)


def _without(job: Job, name: str) -> dict[str, Any]:
    return {key: value for key, value in job.to_wire().items() if key != name}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forgery_is_refused(stolen: Stolen, forgery: str) -> None:
    reason, make = FORGERIES[forgery]
    stolen.refused(reason, make(stolen))


def test_any_one_bit_flipped_is_refused(stolen: Stolen) -> None:
    """All bits of the sealed job through the function that judges it, and a sample of them to the minion."""
    frame = stolen.secrets.seal_job(stolen.job())
    now = time.time()
    trust = JobTrust(stolen.secrets.anchor, BOX, Policy())
    trust.start_session(now - 60)
    flipped = [
        bytes([*frame[: bit // 8], frame[bit // 8] ^ (1 << bit % 8), *frame[bit // 8 + 1 :]])
        for bit in range(8, len(frame) * 8)
    ]
    for changed in flipped:
        with pytest.raises((WireError, TrustError)):
            trust.judge(changed[1:], now)
    assert trust.judge(frame[1:], now).to == BOX, "it was good before"
    sample = random.Random(3).sample(flipped, 60)
    before, marks = stolen.refusals(), stolen.marks()
    stolen.publish(*sample)
    stolen.arena.until("the refusals", lambda: stolen.refusals() >= before + len(sample))
    number = stolen.run_one()
    assert stolen.marks() == [*marks, number]


@pytest.mark.parametrize("kind", ["older document", "of another root", "changed", "expired"])
def test_masters_document_that_the_root_did_not_sign_is_refused(stolen: Stolen, kind: str) -> None:
    """It would send the minion to masters of the attacker's choice."""
    secrets = stolen.secrets
    stranger = NodeKeys.generate()
    root = SignKey.generate() if kind == "of another root" else secrets.root
    entry = MasterEntry(
        name="evil",
        addresses=("127.0.0.1",),
        publish_port=1,
        request_port=2,
        curve_key=stranger.curve.public,
        certificate=certify(root, "evil", stranger),
    )
    now = time.time()
    document = MastersDocument(
        version=1 if kind == "older document" else 2**52,
        fleet=secrets.of_another_fleet().fleet if root is not secrets.root else secrets.fleet,
        issued=now,
        expires=now - 1 if kind == "expired" else now + 86400,
        masters=(entry,),
    )
    if root is not secrets.root:
        data = encode([encode(document.to_wire()), root.sign("masters", encode(document.to_wire()))])
    else:
        data = issue_masters(root, document)
    if kind == "changed":
        body, signature = split_statement(data, 1 << 20, "masters document")
        data = join_statement(body.replace(b"127.0.0.1", b"127.0.0.2"), signature)
    reason = {"older document": "older version", "expired": "expired"}.get(kind, "bad signature")
    stolen.refused(reason, NOTICE + data)


REPLIES: dict[str, bytes] = {
    "noise": random.Random(4).randbytes(200),
    "nothing": b"",
    "unknown kind": reply("run", {"fun": "cmd.run"}),
    "older version": encode([0, "ack", []]),
    "newer version": encode([2, "ack", []]),
    "welcome that is none": reply(WELCOME, b"\x90"),
    "welcome as text": reply(WELCOME, "accepted"),
    "bomb": b"\xdd\x00\x03\xff\xff" + b"\x90" * 0x3FFFF,
}


@pytest.mark.parametrize("name", REPLIES)
def test_bad_reply_is_refused(stolen: Stolen, name: str) -> None:
    route, _, _ = stolen.forged.probe()
    before = stolen.refusals("malformed")
    stolen.forged.answer(route, REPLIES[name])
    stolen.arena.until("the refusal", lambda: stolen.refusals("malformed") == before + 1)
    stolen.run_one()


@pytest.mark.parametrize(
    "body",
    [("ack", ["20261121000000000001", "../x", 7, None]), ("ack", "all"), ("busy", {"retry_after_s": -1}),
     ("busy", None), ("busy", {"retry_after_s": 10**18}), ("rotated", "ab:cd"), ("pong", {"strange": [1]}),
     ("probe", None)],
    ids=str,
)  # fmt: skip
def test_strange_reply_does_no_harm(stolen: Stolen, body: tuple[str, Any]) -> None:
    route, _, _ = stolen.forged.probe()
    stolen.forged.answer(route, reply(*body))
    stolen.run_one()


def test_old_or_forged_welcome_is_refused(stolen: Stolen) -> None:
    """Asked to say hello again, the minion gets the welcome to another hello, a forged one, one that is both."""
    route, _, _ = stolen.forged.probe()
    stolen.forged.answer(route, reply("hello_first"))
    route, _, hello = stolen.forged.next_request("hello")
    secrets = stolen.secrets
    other = RogueMaster.sealed_welcome(secrets, bytes(16))
    forged = RogueMaster.sealed_welcome(secrets.of_another_fleet(), RogueMaster.nonce_of(hello))
    lowered = RogueMaster.sealed_welcome(secrets, RogueMaster.nonce_of(hello), v=0)
    for reason, frame in (("wrong nonce", other), ("unknown signer", forged), ("malformed", lowered)):
        before = stolen.refusals(reason)
        stolen.forged.answer(route, frame)
        stolen.arena.until(reason, lambda reason=reason, before=before: stolen.refusals(reason) == before + 1)
    stolen.forged.answer(route, RogueMaster.sealed_welcome(secrets, RogueMaster.nonce_of(hello)))
    stolen.run_one()


def test_many_forgeries_cost_little_and_nothing_afterwards(stolen: Stolen) -> None:
    minion = stolen.arena.fleet.minions[BOX]
    frames = [stolen.secrets.of_another_fleet().seal_job(stolen.job()) for _ in range(MANY)]
    before, spent = stolen.refusals("unknown signer"), cpu_seconds(minion.pid)
    stolen.publish(*frames)
    stolen.arena.until("all of them", lambda: stolen.refusals("unknown signer") == before + MANY)
    assert cpu_seconds(minion.pid) - spent < 2.0
    assert _idle_cpu(minion.pid, 1.0) < 0.1
    stolen.run_one()


@pytest.mark.parametrize("port", ["request", "publish"])
def test_oversize_frame_is_not_taken_in_and_costs_one_connection(own_fleet: Arena, port: str) -> None:
    """libzmq ends the connection at the size, and for good: the minion has to notice that it is deaf."""
    arena, fleet = own_fleet, own_fleet.fleet
    fleet.start_master(heartbeat_s=1)
    minion = fleet.join(BOX, settings=_two_addresses(fleet))
    secrets = arena.master
    fleet.master.stop()  # type: ignore[union-attr]
    before = resident_mib(minion.pid)
    with RogueMaster(secrets) as forged:
        route, _, hello = forged.next_request("hello")
        forged.answer(
            route, RogueMaster.sealed_welcome(secrets, RogueMaster.nonce_of(hello), heartbeat_s=1.0)
        )
        forged.wait_for_reader(MINE)
        if port == "request":
            forged.answer(route, bytes(32 * 1024 * 1024))
        else:
            forged.publish(MINE, bytes(32 * 1024 * 1024))
        assert resident_mib(minion.pid) - before < 8
        assert _idle_cpu(minion.pid, 1.0) < 0.1
    fleet.start_master()
    fleet.wait_up(BOX, timeout_s=60)
    assert minion.alive


def test_minion_that_meets_a_forged_master_first_waits_for_the_real_one(own_fleet: Arena) -> None:
    """Three of them in turn: without the CURVE key, with it but another root, and one that only replays."""
    arena, fleet = own_fleet, own_fleet.fleet
    fleet.start_master()
    secrets = arena.master
    where = {"publish_port": fleet.publish_port, "master_port": fleet.request_port}
    fleet.configure_minion(
        BOX, master=["127.0.0.1", "localhost"], **where
    )  # with two it looks around quickly
    fleet.join_string(BOX, fleet.token())
    fleet.master.stop()  # type: ignore[union-attr]
    stranger = secrets.with_curve(NodeKeys.generate())
    with RogueMaster(stranger) as forged:
        minion = fleet.start_minion(BOX)
        arena.until("the minion to start", lambda: arena.log_lines("minion_up", log=f"{BOX}.log"))
        forged.hears_nothing(1.5)
        assert _idle_cpu(minion.pid, 1.0) < 0.3, "it tries again, but does not spin"
    with RogueMaster(secrets) as forged:
        route, _, hello = forged.next_request("hello")
        nonce = RogueMaster.nonce_of(hello)
        forged.answer(route, RogueMaster.sealed_welcome(secrets.of_another_fleet(), nonce))
        forged.answer(route, RogueMaster.sealed_welcome(secrets, bytes(16)))
        arena.until("the refusals", lambda: len(arena.log_lines("action=refused", log=f"{BOX}.log")) == 2)
        assert _idle_cpu(minion.pid, 1.0) < 0.1
        forged.publish(BROADCAST, secrets.seal_job(make_job(secrets.fleet)))
        forged.publish(MINE, secrets.seal_job(make_job(secrets.fleet)))
    fleet.start_master()
    fleet.wait_up(BOX, timeout_s=90)
    assert arena.run(BOX, "test.ping")[BOX]["ret"] is True
    assert minion.alive


def _two_addresses(fleet: Fleet) -> dict[str, Any]:
    """Return settings with which a minion does not wait long for a master that does not answer."""
    ports = {"publish_port": fleet.publish_port, "master_port": fleet.request_port}
    return {"master": ["127.0.0.1", "localhost"], **ports}


def _idle_cpu(pid: int, seconds: float) -> float:
    """Return how much CPU time a process takes in the next seconds."""
    before = cpu_seconds(pid)
    time.sleep(seconds)
    return cpu_seconds(pid) - before
