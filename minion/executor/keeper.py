"""Keeps one executor process running and connected, and lets old ones finish.

Adopts what an earlier daemon has left, starts what is missing, restarts what has died by `RestartPolicy`, kills
what does not answer. What happens to jobs thereby is the business of its `Client`.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from minion.executor.contract import Spawn
from minion.executor.peer import Handed, JobEvents, Peer
from minion.executor.restart import RestartPolicy
from minion.executor.spawn import connect
from minion.loop import Loop, Timer
from shoal.version import VERSION

log = logging.getLogger(__name__)

_DROPS: Final = 3  # an executor that hangs up so often is as good as dead
_SHORT_S: Final = 5.0  # a connection that lasts less; also the pause before the next
_LOOK_AFTER_S: Final = 0.05  # a process that is killed closes its descriptors one after the other
_REAP_AGAIN_S: Final = 0.2
_LEAVE_S: Final = 2.0
_STOP_MARGIN_S: Final = 10.0


class Client(JobEvents, Protocol):
    """Who has the jobs."""

    def welcome(self, peer: Peer) -> None:
        """An executor is ready for jobs."""

    def settled(self, jids: frozenset[str]) -> None:
        """All executors have introduced themselves: these jobs are in their hands."""

    def give_up(self, jobs: Mapping[str, Handed]) -> None:
        """The executor that had these is dead."""

    def alert(self, text: str) -> None:
        """Somebody should know this."""


class Keeper:
    """Holds the connections to the current executor and to those being drained."""

    def __init__(self, loop: Loop, spawn: Spawn, client: Client) -> None:
        self._loop = loop
        self._spawn = spawn
        self._client = client
        self._policy = RestartPolicy(loop.clock)
        self._peer: Peer | None = None
        self._old: list[Peer] = []
        self._limbo: dict[str, Handed] = {}  # handed over on a connection that broke
        self._drops = 0
        self._restart: Timer | None = None
        self._children: set[int] = {spawn.pid} if spawn.pid else set()
        self._stopping = False
        self._kill_jobs = False
        self._on_stopped: Callable[[], None] = lambda: None

    @property
    def ready(self) -> Peer | None:
        """The executor that takes new jobs, if there is one now."""
        peer = self._peer
        return peer if peer is not None and peer.greeted_at and not self._stopping else None

    @property
    def peers(self) -> list[Peer]:
        """All executors we are connected to."""
        return [*self._old, self._peer] if self._peer is not None else list(self._old)

    def who_has(self, jid: str) -> Peer | None:
        """Return the executor that has job `jid`."""
        return next((peer for peer in self.peers if jid in peer.jobs), None)

    def knows(self, jid: str) -> bool:
        """Return True if job `jid` was handed over and has not come back."""
        return jid in self._limbo or self.who_has(jid) is not None

    def start(self) -> None:
        """Adopt a living executor, or start one."""
        path = self._spawn.socket_path
        for left in sorted(path.parent.glob(f"{path.name}.old-*")):
            sock = connect(left)
            if sock is None:
                left.unlink(missing_ok=True)
            else:
                self._old.append(Peer(self._loop, sock, self._spawn.settings, self, self._client))
        if not self._connect():
            self._launch()

    def stop(self, kill_jobs: bool, on_stopped: Callable[[], None]) -> None:
        """Let go of all executors; `on_stopped` is called when that is done."""
        self._stopping = True
        self._kill_jobs = kill_jobs
        self._on_stopped = on_stopped
        if self._restart is not None:
            self._restart.cancel()
        for peer in self.peers:
            peer.flush()
            peer.say("shutdown" if kill_jobs else "leave")
        patience = self._spawn.settings.grace_s + _STOP_MARGIN_S if kill_jobs else _LEAVE_S
        self._loop.call_later(patience, self._stop_now)
        self._say_stopped()

    # --- what a Peer says

    def greeted(self, peer: Peer) -> None:
        """Put it to use, or let it finish and go."""
        if self._stopping:
            return
        if peer in self._old:
            peer.say("drain", path=str(self._old_path(peer)))
        elif peer.version != VERSION or peer.draining:
            self._retire(peer)
        else:
            self._policy.started()
            lost = {jid: handed for jid, handed in self._limbo.items() if jid not in peer.jobs}
            self._limbo = {}
            self._client.give_up(lost)
            self._client.welcome(peer)
        if self._peer is not None and all(each.greeted_at for each in self.peers):
            self._client.settled(frozenset(jid for each in self.peers for jid in each.jobs))

    def lost(self, peer: Peer) -> None:
        """Find out whether the executor is gone, or only the connection."""
        self._reap()
        if self._stopping or peer in self._old:
            self._forget(peer)
            return
        short = not peer.greeted_at or self._loop.clock.monotonic() - peer.greeted_at < _SHORT_S
        self._drops = self._drops + 1 if short else 0
        self._limbo.update(peer.jobs)
        self._peer = None
        if peer.said_bye:
            self._died()
        else:
            self._restart = self._loop.call_later(_LOOK_AFTER_S, partial(self._after_loss, peer, short))

    def stuck(self, peer: Peer) -> None:
        """Kill an executor that does not answer."""
        self._client.alert("The executor process does not answer; it is killed.")
        self._kill(peer)
        peer.close()
        if self._stopping or peer in self._old:
            self._forget(peer)
        else:
            self._bury(peer)

    # --- the process

    def _connect(self) -> bool:
        sock = connect(self._spawn.socket_path)
        if sock is None:
            return False
        self._peer = Peer(self._loop, sock, self._spawn.settings, self, self._client)
        return True

    def _after_loss(self, peer: Peer, short: bool) -> None:
        """Start another if the executor is gone, else connect again; not at once if it keeps hanging up."""
        if not self._alive():
            self._died()
        elif self._drops >= _DROPS:
            self.stuck(peer)
        else:
            self._restart = self._loop.call_later(_SHORT_S if short else 0.0, self._connect_again)

    def _connect_again(self) -> None:
        self._restart = None
        if not self._connect():
            self._died()

    def _alive(self) -> bool:
        sock = connect(self._spawn.socket_path)
        if sock is not None:
            sock.close()
        return sock is not None

    def _launch(self) -> None:
        self._restart = None
        self._drops = 0
        try:
            self._children.add(self._spawn.start())
        except OSError as error:
            log.error("cannot start an executor: %s", error, extra={"action": "executor_start_failed"})
            self._died()
            return
        if not self._connect():
            self._died()

    def _bury(self, peer: Peer) -> None:
        self._limbo.update(peer.jobs)
        self._peer = None
        self._died()

    def _died(self) -> None:
        lost, self._limbo = self._limbo, {}
        self._client.give_up(lost)
        step = self._policy.died()
        text = f"The executor process ended {step.count} times in a row; next start in {step.delay_s:g} s."
        log.error(text, extra={"action": "executor_died"})
        if step.alert:
            self._client.alert(text)
        self._restart = self._loop.call_later(step.delay_s, self._launch)

    def _retire(self, peer: Peer) -> None:
        """Let `peer` finish under another name, and start a successor under the usual one."""
        old = self._old_path(peer)
        try:
            self._spawn.socket_path.rename(old)
        except OSError as error:
            log.warning("cannot rename the socket: %s", error, extra={"action": "executor_drain"})
        log.info("draining executor %s", peer.version, extra={"action": "executor_drain"})
        self._peer = None
        self._old.append(peer)
        peer.say("drain", path=str(old))
        self._launch()

    def _old_path(self, peer: Peer) -> Path:
        path = self._spawn.socket_path
        return path.with_name(f"{path.name}.old-{peer.pid}")

    def _kill(self, peer: Peer) -> None:
        pid = peer.pid or peer.listener_pid
        if pid == os.getpid():  # it has not even come to listen for itself
            pid = self._spawn.pid
        try:
            if pid:
                os.kill(pid, signal.SIGKILL)
        except OSError:  # gone
            pass

    def _reap(self, tries: int = 5) -> None:
        """Collect ended children; a process closes its descriptors a moment before it can be collected."""
        for pid in list(self._children):
            try:
                if os.waitpid(pid, os.WNOHANG)[0]:
                    self._children.discard(pid)
            except ChildProcessError:  # somebody else collected it
                self._children.discard(pid)
        if self._children and tries:
            self._loop.call_later(_REAP_AGAIN_S, partial(self._reap, tries - 1))

    # --- stopping

    def _stop_now(self) -> None:
        for peer in self.peers:
            if self._kill_jobs:
                self._kill(peer)
            peer.close()
            self._forget(peer)

    def _forget(self, peer: Peer) -> None:
        if peer is self._peer:
            self._peer = None
        else:
            self._old.remove(peer)
        if self._kill_jobs or not self._stopping:  # else its jobs are for the next daemon to ask about
            self._client.give_up(peer.jobs)
        self._say_stopped()

    def _say_stopped(self) -> None:
        if self._stopping and not self.peers:
            done, self._on_stopped = self._on_stopped, lambda: None
            self._loop.call_soon(done)
