"""Seals jobs and puts them on the wire.

A job for all who are connected goes out once, on the topic of all; any other is sealed for each target and
goes out on the target's own topic. The broadcast is not used while a revoked peer may still be reading it.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from master.identity import Identity
from master.sessions import Sessions
from pki.envelope import seal
from pki.purpose import JOB as JOB_PURPOSE
from shoal.cancel import Cancel
from shoal.job import EVERYONE, Job
from shoal.messages import CANCEL, JOB, NOTICE, reply
from shoal.transport import BROADCAST, MasterTransport, own_topic
from shoal.wire import encode

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sent:
    """Who a job went out to, and who was not there."""

    reached: list[str]
    absent: list[str]


class Publisher:
    """See the module docstring."""

    def __init__(self, identity: Identity, transport: MasterTransport, sessions: Sessions) -> None:
        self._identity = identity
        self._transport = transport
        self._sessions = sessions

    def publish(self, job: Job, targets: Collection[str]) -> Sent:
        """Send `job` (whose `to` is ignored) to those of `targets` that are connected."""
        present: list[str] = []
        absent: list[str] = []
        for minion in targets:
            (present if self._sessions.present(minion) else absent).append(minion)
        if len(present) > 1 and self._may_broadcast(targets):
            self._transport.publish(BROADCAST, self._seal(job, EVERYONE))
        else:
            self._send_each(job, present)
        return Sent(present, absent)

    def cancel(self, job: Job, minion: str) -> bool:
        """Ask a minion not to run `job`, or to end it; False when it is not there."""
        session = self._sessions.get(minion)
        if session is None or not self._sessions.present(minion):
            return False
        wish = Cancel(jid=job.jid, fun=job.fun, expires=job.expires)
        self._transport.send(session.route, reply(CANCEL, wish.to_wire()))
        return True

    def notify(self, document: bytes) -> None:
        """Publish a masters document, which is signed by the root already, to all who are connected."""
        if self._sessions.broadcast_is_safe:
            self._transport.publish(BROADCAST, NOTICE + document)
            return
        for session in self._sessions:
            self._transport.publish(own_topic(session.peer), NOTICE + document)

    def _may_broadcast(self, targets: Collection[str]) -> bool:
        """True when whoever reads the topic of all is a target."""
        if not self._sessions.broadcast_is_safe or len(targets) < len(self._sessions):
            return False
        wanted = targets if isinstance(targets, (set, frozenset)) else set(targets)
        peers = {session.peer for session in self._sessions if session.id in wanted}
        # Not all who read have a session: after a restart of the master they read first and say hello then.
        return len(peers) == len(self._sessions) and self._sessions.readers <= peers

    def _send_each(self, job: Job, present: Iterable[str]) -> None:
        for minion in present:
            session = self._sessions.get(minion)
            if session is not None:
                self._transport.publish(own_topic(session.peer), self._seal(job, minion))

    def _seal(self, job: Job, to: str) -> bytes:
        body = encode(replace(job, to=to).to_wire())
        identity = self._identity
        return JOB + seal(JOB_PURPOSE, body, identity.keys.sign, identity.certificate_bytes)
