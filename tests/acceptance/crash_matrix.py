"""Runs the crash matrix: one fleet, killed again and again at named points, and the books that are kept of its jobs.

Every job leaves one mark each time it takes effect. In the end each that was promised to the operator must have an
answer, and so many marks as the answer says: none lost, none done twice, none without an explanation.
"""

from __future__ import annotations

import signal
import sys
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from master.cli.client import Conversation
from shoal.exits import CliError
from shoal.paths import Paths
from tests.acceptance.crash_points import POINTS, Point
from tests.acceptance.test_power_cuts import BOX, cut_power
from tests.fleet import Fleet, Process, until

_PATIENCE_S: Final = 40.0
_LARGE_BYTES: Final = 320_000  # of an answer that travels in slices
_WAITING: Final = ("quick", "slow", "large")  # may be ordered while their box is off
_LINES: Final = {
    "quick": "echo x >> {mark}; echo done",
    "slow": "echo x >> {mark}; sleep 0.25; echo done",
    "large": f"echo x >> {{mark}}; head -c {_LARGE_BYTES} /dev/zero | tr '\\0' x",
    "now": "echo x >> {mark}; sleep 0.4; echo done",
    "cancelled": "echo x >> {mark}; exec sleep 30",
}
_ENDS: Final = {  # what may come of a job, besides an unknown outcome
    "cancelled": {"killed", "cancelled", "done"},  # done, where nobody was told that it is cancelled
}


@dataclass(slots=True)
class Ordered:
    """A job, and the point of the round that it was ordered in; `jid` is "" if the operator was told nothing."""

    point: str
    job: str
    mark: Path
    jid: str = ""

    @property
    def effects(self) -> int:
        """How often it took effect."""
        return len(self.mark.read_text().splitlines()) if self.mark.exists() else 0


class Matrix:
    """See the module docstring. `box`: when the daemon dies, so do its executor and all jobs."""

    def __init__(self, fleet: Fleet, dice: Random, *, box: bool = False) -> None:
        self.fleet = fleet
        self.jobs: list[Ordered] = []
        self.outcomes: dict[str, Counter[str]] = defaultdict(Counter)
        self._dice = dice
        self._box = box
        self._rounds = 0

    def round(self, name: str) -> None:
        """Kill once at a point, with jobs on their way."""
        self._rounds += 1
        point = POINTS[name]
        hit = self.fleet.folder / f"hit-{self._rounds}"
        count = self._count(point.job)
        jobs = min(count, 2)
        launcher = [sys.executable, "-m", "tests.faulty", name, str(count), str(hit)]
        if point.side == "master":
            self._master_round(name, point, [*launcher, "shoal-master"], jobs)
        else:
            self._minion_round(name, point, [*launcher, "shoal-minion"], jobs)
        until(f"round {self._rounds} to come to its point ({name})", hit.exists, _PATIENCE_S)
        if point.side != "executor":
            doomed = self.fleet.master if point.side == "master" else self.fleet.minions[BOX]
            until("the process to be dead", lambda: doomed is not None and not doomed.alive)
        if self._box:
            cut_power(self.fleet)

    def check(self) -> None:
        """Bring everything up, wait for all answers, and look at the books."""
        self._start_plain()
        open_jobs = [each for each in self.jobs if each.jid]
        for each in open_jobs:
            if each.job == "cancelled":
                self._ask("jobs.cancel", each.jid)
            self._check(each)
        for each in self.jobs:
            assert each.effects <= 1, f"{each.point}: {each.effects} effects"
        until("nothing to wait", lambda: self.fleet.ask("jobs.queue") == {}, _PATIENCE_S)

    def table(self) -> str:
        """Return how often each point was killed at, and what came of its jobs."""
        rows = [f"{'point':<46} jobs  outcomes"]
        for name, found in self.outcomes.items():
            rows.append(
                f"{name:<46} {found.total():4}  " + ", ".join(f"{n} {what}" for what, n in found.items())
            )
        promised = sum(bool(each.jid) for each in self.jobs)
        rows.append(f"{self._rounds} kills, {promised} jobs promised: 0 lost, 0 doubled, 0 unexplained")
        return "\n".join(rows)

    # ----------------------------------------------------------------- rounds

    def _master_round(self, name: str, point: Point, launcher: list[str], jobs: int) -> None:
        cancelled = self._running_job(name) if point.job == "cancelled" else None
        assert self.fleet.master is not None
        self.fleet.master.stop(signal.SIGKILL)
        log = self.fleet.folder / "master.log"
        self.fleet.master = Process(self.fleet.master_root, "shoal-master", log=log, launcher=launcher)
        until("the master's socket", self._master_answers)
        if cancelled is not None:
            # Dead it may be by then: a job of an earlier round waits to be taken back, too.
            until("the minion to be back", self._is_up_or_dead, _PATIENCE_S)
            self._ask("jobs.cancel", cancelled.jid)
            return
        if self._dice.random() < 0.5:
            until("the minion to be back", self._is_up_or_dead, _PATIENCE_S)
        for _ in range(jobs):
            self._order(name, point.job)

    def _minion_round(self, name: str, point: Point, launcher: list[str], jobs: int) -> None:
        if self._box or point.side == "executor":
            cut_power(self.fleet)
            # One that was only just being started may have escaped; nobody shall find it.
            Paths.for_minion(str(self.fleet.minion_root(BOX))).executor_socket.unlink(missing_ok=True)
        else:
            self.fleet.minions[BOX].stop(signal.SIGKILL)
        if point.job in _WAITING:
            for _ in range(jobs):
                self._order(name, point.job)
        self.fleet.start_minion(BOX, launcher=launcher)
        if point.job == "now":
            self.fleet.wait_up(BOX)
            self._order(name, point.job)
        elif point.job == "cancelled":
            self._ask("jobs.cancel", self._running_job(name).jid)

    def _count(self, job: str) -> int:
        """Return at the how many-th time a round's point kills."""
        if job == "large":
            return self._dice.choice((1, 2, 11))  # the first question, the first slice, the last of ten
        return self._dice.choice((1, 1, 2)) if job in ("quick", "slow") else 1

    def _running_job(self, name: str) -> Ordered:
        """Order a job that is to be cancelled, and wait until it runs."""
        self._start_plain()
        job = self._order(name, "cancelled")
        until("the job to be under way", job.mark.exists, _PATIENCE_S)
        return job

    def _start_plain(self) -> None:
        fleet = self.fleet
        if fleet.master is None or not fleet.master.alive:
            fleet.start_master()
        if not fleet.minions[BOX].alive:
            fleet.start_minion(BOX)

    # ------------------------------------------------------------ the operator

    def _order(self, point: str, job: str) -> Ordered:
        """Order a job; a master that dies meanwhile has promised it or not."""
        made = Ordered(point, job, self.fleet.folder / f"mark-{len(self.jobs)}")
        self.jobs.append(made)
        request = {
            "op": "run",
            "target": {"kind": "glob", "expr": BOX, "delimiter": ":"},
            "fun": "cmd.run",
            "args": [_LINES[job].format(mark=made.mark)],
            "mode": "now" if job == "now" else "queue",
            "async": True,
        }
        with suppress(CliError, OSError), Conversation(self._socket(), request) as talk:
            for message in talk:
                made.jid = talk.jid or made.jid
                assert "error" not in message, message
        return made

    def _ask(self, fun: str, *words: str) -> Any:
        with suppress(CliError, OSError):  # it died meanwhile
            return self.fleet.ask(fun, *words)
        return None

    def _socket(self) -> str:
        return str(self.fleet.master_root / "run/shoal/master/master.sock")

    def _master_answers(self) -> bool:
        assert self.fleet.master is not None
        return not self.fleet.master.alive or self._ask("manage.up") is not None

    def _is_up_or_dead(self) -> bool:
        assert self.fleet.master is not None
        return not self.fleet.master.alive or BOX in (self._ask("manage.up") or ())

    # --------------------------------------------------------------- the books

    def _check(self, each: Ordered) -> None:
        if each.job == "now":  # not promised to survive, but explained, and the box answers for what it began
            until(f"{each.jid} to be explained", lambda: self._explained(each), _PATIENCE_S)
        answer = until(
            f"the answer to {each.jid} ({each.point})",
            lambda: self.fleet.ask("jobs.list_job", each.jid)["Result"].get(BOX),
            _PATIENCE_S,
        )
        outcome = answer["outcome"]
        self.outcomes[each.point][outcome] += 1
        if outcome == "outcome_unknown":
            return  # with one effect at most, which is counted for all
        assert outcome in _ENDS.get(each.job, {"done"}), (each, answer)
        if outcome == "done" and each.job == "cancelled":
            assert each.effects == 1, (each, answer)
        elif outcome == "done":
            whole = "x" * _LARGE_BYTES if each.job == "large" else "done"
            assert (answer["return"] == whole, each.effects) == (True, 1), (each, str(answer)[:500])

    def _explained(self, each: Ordered) -> bool:
        found = self.fleet.ask("jobs.lookup_jid", each.jid, "missing=True")
        return BOX in found
