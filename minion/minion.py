"""One minion: says hello, believes only what is sealed, hands jobs to the executor, brings returns home.

Everything it needs is passed in (`Parts`), so the daemon on a box and the thousands in a benchmark process run
this same code. States:

    connecting ──hello──▶ waiting (pending, rejected, denied, busy) ──retry──▶ connecting
        └──────accepted──────▶ online ──silence──▶ connecting

It never gives up and never spins: each way back to `connecting` goes through a back-off with full jitter.
What becomes of jobs is the work of its `Jobs`, how returns get home that of its `Reporter`.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from minion.backoff import Backoff
from minion.endpoints import Endpoints
from minion.executor.contract import Executor
from minion.failback import Failback, Probe, tcp_probe
from minion.jobs import Jobs
from minion.journal import NoJournal, Promises
from minion.known_masters import KnownMasters
from minion.live import Live
from minion.loop import Loop, Timer
from minion.pulse import Pulse
from minion.questions import Questions
from minion.reported import Reported
from minion.reporter import Reporter, hold_of
from minion.spool import Waiting
from pki.hello import Hello, make_hello
from pki.keys import NodeKeys
from pki.trust import EARLY, JobRefusedError, JobTrust
from pki.welcome import Welcome, judge_welcome
from shoal.answer import DataAnswer
from shoal.cancel import Cancel
from shoal.clock import FloorClock
from shoal.errors import ShoalError, TrustError, WireError
from shoal.files.messages import Answer as FilesAnswer
from shoal.ids import new_nonce
from shoal.job import Job
from shoal.messages import (
    ACK,
    ANSWER,
    BUSY,
    CANCEL,
    FILES,
    HEARD,
    HELLO,
    HELLO_FIRST,
    JOB,
    MORE,
    NOTICE,
    PONG,
    PROBE,
    ROTATED,
    WANT_FACTS,
    WELCOME,
    read_reply,
    request,
)
from shoal.transport import BROADCAST, Connector, Link, own_topic
from shoal.version import VERSION

log = logging.getLogger(__name__)

_MAX_EARLY: Final = 20
_HELLO_VERB: Final = "hello"
_ASKING_VERBS: Final = ("files", "pillar", "mine", "push")
_HELLO_WAIT_S: Final = 30.0  # for the answer to a hello; CURVE handshakes of a whole fleet take a while
_FIRST_HELLO_WAIT_S: Final = 5.0  # with several addresses to try; doubles with each round
_HELLO_PAUSE_S: Final = 1.0  # between two hellos that the master asked for
_HELLO_GRACE_S: Final = 3.0  # for the answer to a hello, when the master asks for one meanwhile


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a minion is made of."""

    id: str
    instance: str  # fresh for each start of the process: tells a restart from a copied box
    keys: NodeKeys
    token: str = field(default="", repr=False)
    loop: Loop
    clock: FloorClock
    trust: JobTrust
    connector: Connector
    endpoints: Endpoints
    outbox: Waiting
    journal: Promises = field(default_factory=NoJournal)
    random: Random
    recon_base_s: float = 1.0
    recon_max_s: float = 30.0
    failback_s: float = 0.0  # between looks for the first master; 0: never
    probe: Probe | None = None  # how it is looked
    facts: Callable[[], tuple[bytes, Mapping[str, Any]]]  # digest and grains
    holds: Callable[[Job], str] = lambda _job: ""  # why a kept job must wait, nothing if it need not
    on_masters: Callable[[bytes], None] = lambda _document: None  # a newer masters document was believed
    on_welcome: Callable[[Welcome], None] = lambda _welcome: None  # accepted or not
    on_rotated: Callable[[], None] = lambda: None  # the master has our new keys on record


class Minion:
    """See the module docstring."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._loop = parts.loop
        self.state = "connecting"
        self.counters: Counter[str] = Counter()
        self.masters = KnownMasters(parts.trust.anchor, parts.endpoints, parts.clock, parts.on_masters)
        self._early: list[bytes] = []  # jobs from the future, until the master has told the time anew
        self._link: Link | None = None
        self._nonce = b""
        self._last_hello = -_HELLO_PAUSE_S
        self._asked_at: float | None = None  # when the master asked for the next one
        self._backoff = Backoff(parts.recon_base_s, parts.recon_max_s, parts.random)
        self._timer: Timer | None = None  # the one thing the state waits for
        self._keys = parts.keys
        self._reporter = Reporter(parts.loop, parts.outbox, parts.random, self._send)
        self._reported = Reported()
        self.live = Live(parts.loop.clock, self._send)
        self.questions = Questions(parts.loop, self._send)
        self.jobs = Jobs(
            loop=parts.loop,
            clock=parts.clock,
            trust=parts.trust,
            journal=parts.journal,
            waiting=parts.outbox,
            reporter=self._reporter,
            send=self._send,
            holds=parts.holds,
        )
        self._failback = Failback(
            loop=parts.loop,
            random=parts.random,
            endpoints=parts.endpoints,
            interval_s=parts.failback_s,
            probe=parts.probe or tcp_probe(parts.loop),
            idle=lambda: not self.jobs,
            go=self._connect,
        )
        self._pulse = Pulse(
            parts.loop, parts.random,
            beat=self._beat, on_silence=self._reconnect_later, on_deaf=self._deaf,
        )  # fmt: skip
        self._replies = self._reply_handlers()

    def _reply_handlers(self) -> dict[str, Callable[[Any], None]]:
        return {
            WELCOME: self._welcomed,
            PONG: self._pulse.answered,
            ACK: lambda body: self._reporter.acknowledged(body if isinstance(body, list) else ()),
            MORE: self._reporter.more,
            FILES: lambda body: self.questions.answered(FilesAnswer.from_wire(body)),
            ANSWER: lambda body: self.questions.answered(DataAnswer.from_wire(body)),
            HEARD: self.live.heard,
            HELLO_FIRST: lambda _body: self._hello_asked(),
            WANT_FACTS: lambda body: self.send_facts(body if isinstance(body, bytes) else b""),
            PROBE: lambda _body: self._beat(),
            BUSY: self._told_busy,
            CANCEL: lambda body: self.jobs.cancel(Cancel.from_wire(body)),
            ROTATED: lambda _body: self._parts.on_rotated(),
        }

    # ------------------------------------------------------------------ life

    def start(self, executor: Executor) -> None:
        """Begin to connect; jobs go to `executor`."""
        self.jobs.executor = executor
        self._connect()

    def stop(self) -> None:
        """Say goodbye and close.

        Without the goodbye if jobs run: they run on, and whoever waits for them should, until the next daemon
        brings them home.
        """
        if self.state == "online" and not self.jobs:
            self._send("bye", None)
        self._go_offline("stopped")
        self._set_timer(None)
        self._close_link()

    def _connect(self) -> None:
        self._go_offline("connecting")
        self._close_link()
        try:
            self._link = self._parts.connector.open(self._parts.endpoints.current(), self)
        except ShoalError as error:
            log.error("%s", error, extra={"action": "connect_failed"})
            self._reconnect_later()
            return
        self._hello()

    def _reconnect_later(self) -> None:
        self._go_offline("connecting")
        self._close_link()
        self._parts.endpoints.advance()
        delay = self._backoff.next()
        log.info("no answer from the master; next try in %.1f s", delay, extra={"action": "reconnect_later"})
        self._set_timer(self._loop.call_later(delay, self._connect))

    def use_keys(self, keys: NodeKeys, delay_s: float = 0.0) -> None:
        """Connect again with other keys, in `delay_s` seconds; the connector has them already."""
        self._keys = keys
        self._go_offline("connecting")
        self._close_link()
        self._set_timer(self._loop.call_later(delay_s, self._connect))

    def send_rotation(self, message: bytes) -> None:
        """Ask the master to know us by new keys."""
        self._send("rotate", message)

    def _close_link(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def _set_timer(self, timer: Timer | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = timer

    # ----------------------------------------------------------------- hello

    def _hello(self) -> None:
        parts = self._parts
        self._pulse.stop()  # until the welcome there is one thing to wait for
        self._nonce = new_nonce()
        self._asked_at = None
        self._last_hello = self._loop.clock.monotonic()
        hello = Hello(
            id=parts.id,
            sign_key=self._keys.sign.public,
            curve_key=self._keys.curve.public,
            nonce=self._nonce,
            boot_id=parts.instance,
            started=max(0.0, self._loop.clock.time()),
            token=parts.token,
            shoal=VERSION,
            grains_digest=parts.facts()[0],
        )
        self._send("hello", make_hello(hello, self._keys.sign))
        self._set_timer(self._loop.call_later(self._hello_wait(), self._reconnect_later))

    def _hello_wait(self) -> float:
        """Be patient where there is no choice, or where a connection has worked; look around quickly otherwise."""
        endpoints = self._parts.endpoints
        if self.state != "connecting" or len(endpoints) == 1:
            return _HELLO_WAIT_S
        return min(_HELLO_WAIT_S, _FIRST_HELLO_WAIT_S * 2.0 ** min(endpoints.rounds, 10))

    def _hello_asked(self) -> None:
        """Say hello again because the master does not know this connection; at most once a second.

        When one is under way, its answer mostly is, too: after a restart of the master both of our connections
        are asked. Of 9,900 minions 2,945 to 6,939 said hello twice, and nothing costs a master more.
        """
        now = self._loop.clock.monotonic()
        if self._asked_at is None:
            self._asked_at = now
        due = max(
            self._last_hello + _HELLO_PAUSE_S, self._asked_at + (_HELLO_GRACE_S if self._nonce else 0.0)
        )
        if due <= now:
            self._hello()
        else:
            self._set_timer(self._loop.call_later(due - now, self._hello))

    def _told_busy(self, body: object) -> None:
        """Wait as long as the master asks, with what it did not take: a return, or a hello."""
        told = body if isinstance(body, dict) else {}
        if told.get("verb") in _ASKING_VERBS:
            self.questions.hold(told.get("retry_after_s"))
        elif told.get("verb") != _HELLO_VERB:
            self._reporter.hold(told.get("retry_after_s"))
        elif self._nonce:  # on this connection: another handshake is what a master under storm needs least
            wait = hold_of(told.get("retry_after_s")) * self._parts.random.uniform(1.0, 1.5)
            log.info("the master is busy; next hello in %.1f s", wait, extra={"action": "hello_later"})
            self._set_timer(self._loop.call_later(wait, self._hello))

    def _welcomed(self, body: object) -> None:
        if not isinstance(body, bytes) or not self._nonce:
            raise WireError("welcome without a hello")
        parts = self._parts
        welcome, _certificate = judge_welcome(body, self._nonce, parts.trust.anchor, parts.clock.floor)
        self._nonce = b""
        parts.clock.anchor(welcome.time)
        parts.endpoints.worked()
        if welcome.masters:
            self._try_masters(welcome.masters)
        if welcome.status == "accepted":
            self._go_online(welcome)
        else:
            self._wait(welcome)
        parts.on_welcome(welcome)

    def _go_online(self, welcome: Welcome) -> None:
        parts = self._parts
        if self.state != "online":
            log.info("accepted by the master", extra={"action": "online"})
        self.state = "online"
        self._backoff.reset()
        self._backoff.spread(welcome.spread_s)
        parts.trust.start_session(welcome.time)
        if self._link is not None:
            self._link.subscribe((BROADCAST, own_topic(self._keys.curve.public.hex())))
        self._set_timer(None)
        self._pulse.start(welcome.heartbeat_s)
        self._failback.start()
        self.live.connected()
        self.jobs.connected()
        self._reporter.connected()
        self.questions.connected()
        early, self._early = self._early, []
        for sealed in early:
            self._take(sealed, again=True)

    def _go_offline(self, state: str) -> None:
        self.state = state
        self._pulse.stop()
        self._failback.stop()
        self.live.disconnected()
        self._reporter.disconnected()
        self.questions.disconnected()

    def _wait(self, welcome: Welcome) -> None:
        # What was subscribed to before may have been refused since, and a refused socket never tries again.
        ask_again = self._connect if self.state == "online" else self._hello
        self._go_offline("waiting")
        delay = max(1.0, welcome.retry_after_s) * self._parts.random.uniform(0.8, 1.2)
        log.warning(
            "the master says %s: %s; next try in %.0f s", welcome.status, welcome.reason, delay,
            extra={"action": "not_accepted", "status": welcome.status},
        )  # fmt: skip
        self._set_timer(self._loop.call_later(delay, ask_again))

    def _try_masters(self, data: bytes) -> None:
        """Learn from a masters document; one that is old or expired is no reason to stay away."""
        try:
            self.masters.learn(data)
        except (WireError, TrustError) as error:
            self._refused("masters document", error)

    # ------------------------------------------------------------- heartbeat

    def _beat(self) -> None:
        self._send("heartbeat", {"running": len(self.jobs)})

    def _deaf(self) -> None:
        self._set_timer(self._loop.call_later(self._backoff.next(), self._connect))

    def check_connection(self) -> None:
        """Doubt the connection: an address of this box changed."""
        self._pulse.doubt()

    # ------------------------------------------------------ from the master

    def replied(self, frame: bytes) -> None:
        """Handle an answer on the request connection."""
        try:
            kind, body = read_reply(frame)
            self._pulse.heard()
            self._handle_reply(kind, body)
        except (WireError, TrustError) as error:
            self._refused("reply", error)

    def _handle_reply(self, kind: str, body: Any) -> None:
        handler = self._replies.get(kind)
        if handler is not None:
            handler(body)

    def published(self, frame: bytes) -> None:
        """Handle what came on one of our topics."""
        kind, sealed = frame[:1], frame[1:]
        self._pulse.heard()
        try:
            if kind == JOB:
                self._take(sealed)
            elif kind == NOTICE:
                self.masters.learn(sealed)  # signed by the root and versioned: no further seal is needed
            elif kind == HELLO:
                self._hello_asked()
            else:
                raise WireError("unknown kind of publication")
        except (WireError, TrustError) as error:
            self._refused("publication", error)

    def _take(self, sealed: bytes, *, again: bool = False) -> None:
        """Take a job. One from the future means that the master's clock was set: ask for its time, judge it by that."""
        try:
            self.jobs.take(sealed, again=again)
        except JobRefusedError as refusal:
            self._refused("job", refusal)
            if refusal.reason == EARLY and not again and len(self._early) < _MAX_EARLY:
                self._early.append(sealed)
                self._hello_asked()
        except (WireError, TrustError) as error:
            self._refused("publication", error)

    def _refused(self, what: str, error: ShoalError) -> None:
        reason = error.reason if isinstance(error, TrustError) else "malformed"
        self.counters[f"{what} refused: {reason}"] += 1
        log.warning(
            "%s refused: %s", what, error, extra={"action": "refused", "what": what, "reason": reason}
        )

    # ---------------------------------------------------------- to the master

    def facts_changed(self, digest: bytes, grains: Mapping[str, Any]) -> None:
        """Tell the master that the grains are others now; `digest` and `grains` are those they were before.

        Off line there is nobody to tell; with the next hello the master sees that they have changed, and asks.
        """
        self._reported.changing(digest, grains)
        if self.state == "online":
            self.send_facts()

    def send_facts(self, known: bytes | None = None) -> None:
        """Send the grains: what has changed since they were told, all to a master that has others (`known`)."""
        digest, grains = self._parts.facts()
        report = self._reported.report(digest, grains, known)
        if self._send("facts", report.to_wire()):
            self._reported.told()

    def send_event(self, tag: str, data: dict[str, Any]) -> None:
        """Put an event on the master's bus; it appears there under our own prefix."""
        self._send("event", {"tag": tag, "data": data})

    def _send(self, verb: str, body: Any) -> bool:
        """Send a request; False when there is no connection or it takes no more now."""
        if self._link is None:
            return False
        try:
            sent = self._link.send(request(verb, body))
        except WireError as error:  # it never can be sent: that must not hold up what comes after it
            log.error("cannot send %s: %s", verb, error, extra={"action": "send_failed"})
            return True
        if not sent:
            self.counters["not sent: queue full"] += 1
        return sent
