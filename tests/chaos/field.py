"""A fleet of real processes to which bad things happen: queued jobs that each leave one line on each target.

`Field.queue` notes what the master has promised; `tally` compares that, in the end, with the master's database and
with the lines in the boxes' files.
"""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any, Final

from master.cli.client import ControlError, Conversation
from master.store import open_store
from shoal.clock import SystemClock
from shoal.paths import Paths
from tests.acceptance.test_power_cuts import cut_power
from tests.chaos.tally import Tally
from tests.fleet import Fleet, until
from tests.proxy import Proxy

TTL_S: Final = 3600.0
_PATIENCE_S: Final = 20.0  # for the master's promise


class Field:
    """See the module docstring."""

    def __init__(self, fleet: Fleet, boxes: Sequence[str], dice: Random) -> None:
        self.fleet = fleet
        self.boxes = list(boxes)
        self.dice = dice
        self.counters: Counter[str] = Counter()
        self._promised: dict[str, list[str]] = {}
        self._words: dict[str, str] = {}  # what a job writes -> its jid
        self._number = 0

    @property
    def jobs(self) -> int:
        """How many jobs are promised."""
        return len(self._promised)

    def queue(self, box: str, *, mode: str = "queue") -> None:
        """Order one job; without the master's word it is not promised, but must not be done twice either."""
        self._number += 1
        word = f"job-{self._number}"
        request: dict[str, Any] = {
            "op": "run", "target": {"kind": "list", "expr": box}, "fun": "cmd.run",
            "args": [f"echo {word} >> {self._marks(box)}; echo done"], "mode": mode,
            "queue_ttl_s": TTL_S, "async": True,
        }  # fmt: skip
        jid = ""
        try:
            with Conversation(self._socket, request, patience_s=_PATIENCE_S) as talk:
                for message in talk:
                    jid = talk.jid or str(message.get("jid", ""))
        except ControlError:
            self.counters["orders cut short"] += 1
        if jid and mode == "queue":
            self._promised[jid] = [box]
        self._words[word] = jid or word

    def kill_somebody(self) -> None:
        """Kill -9 the master, a box's daemon, or all of a box, and start it again."""
        box = self.dice.choice(self.boxes)
        doomed = self.dice.choice(("master", "daemon", "box"))
        self.counters[f"{doomed} killed"] += 1
        if doomed == "master":
            assert self.fleet.master is not None
            self.fleet.master.stop(signal.SIGKILL)
            self.fleet.start_master()
            return
        if doomed == "box":
            cut_power(self.fleet, box)
        else:
            self.fleet.minions[box].stop(signal.SIGKILL)
        self.fleet.start_minion(box)

    def change_weather(self, wire: Proxy) -> None:
        """Let the wire do something else."""
        what = self.dice.choice(("fine", "fine", "slow", "thin", "stall", "forget", "cut", "refuse"))
        self.counters[f"wire: {what}"] += 1
        wire.delay_s = self.dice.uniform(0.05, 0.5) if what == "slow" else 0.0
        wire.bytes_per_s = self.dice.uniform(3_000, 20_000) if what == "thin" else 0.0
        if what in ("stall", "refuse"):
            getattr(wire, what)()
            return
        wire.forward()
        if what in ("cut", "forget"):
            getattr(wire, what)()

    def wait_ended(self, patience_s: float) -> None:
        """Wait until no delivery is open."""
        until("the end of all deliveries", lambda: self.fleet.ask("jobs.queue") == {}, patience_s)

    def tally(self) -> Tally:
        """Stop the fleet; say what became of the jobs."""
        self.fleet.stop()
        effects = {box: Counter(self._done(box)) for box in self.boxes}
        state = Paths.for_master(str(self.fleet.master_root)).state_dir
        with open_store(f"sqlite:///{state / 'master.db'}", SystemClock()) as store:
            return Tally.of(store, self._promised, effects)

    def report(self, tally: Tally, took_s: float) -> None:
        """Print what was done and what came of it."""
        print(f"\n{tally.promised} jobs on {len(self.boxes)} boxes in {took_s:.0f} s")
        for name, count in [*sorted(tally.ends.items()), *sorted(self.counters.items())]:
            print(f"  {name:<24}{count:>8}")
        zeros = f"lost {len(tally.lost)}, done twice {len(tally.doubled)}"
        print(f"  {zeros}, without an end {len(tally.unexplained)}")

    @property
    def _socket(self) -> str:
        return str(self.fleet.master_root / "run/shoal/master.sock")

    def _marks(self, box: str) -> str:
        return str(self.fleet.folder / f"{box}.marks")

    def _done(self, box: str) -> list[str]:
        path = self.fleet.folder / f"{box}.marks"
        words = path.read_text().split() if path.exists() else []
        return [self._words[word] for word in words]
