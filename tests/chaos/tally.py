"""The three zeros: no job that was promised is lost, none has its effect twice, none is without an explained end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from master.store.delivery_state import FINAL_STATES, RETURNED
from master.store.store import Store

Promised = Mapping[str, Collection[str]]  # queued jobs that the operator was told of, and their targets
Effects = Mapping[str, Counter[str]]  # minion -> job -> how often it was done there


@dataclass
class Tally:
    """What became of the jobs that were promised."""

    promised: int = 0
    ends: Counter[str] = field(default_factory=Counter)  # state or outcome -> deliveries
    lost: list[tuple[str, str]] = field(default_factory=list)
    doubled: list[tuple[str, str]] = field(default_factory=list)
    unexplained: list[tuple[str, str, str]] = field(default_factory=list)

    @classmethod
    def of(cls, store: Store, promised: Promised, effects: Effects) -> Tally:
        """Compare what was promised with what the store says and what the boxes did."""
        tally = cls(promised=sum(map(len, promised.values())))
        for minion, done in effects.items():
            tally.doubled += [(jid, minion) for jid, count in done.items() if count > 1]
        for jid, targets in promised.items():
            tally._add(store, jid, targets, effects)
        return tally

    def check(self) -> None:
        """Fail unless there are three zeros."""
        assert not self.lost, f"{len(self.lost)} lost: {self.lost[:5]}"
        assert not self.doubled, f"{len(self.doubled)} done twice: {self.doubled[:5]}"
        assert not self.unexplained, f"{len(self.unexplained)} without an end: {self.unexplained[:5]}"

    def _add(self, store: Store, jid: str, targets: Collection[str], effects: Effects) -> None:
        rows = {row.minion: row for row in store.deliveries.for_job(jid)}
        returns = {ret.minion: ret for ret in store.returns.for_job(jid)}
        for minion in targets:
            row, ret, done = rows.get(minion), returns.get(minion), effects[minion][jid]
            if row is None:
                self.lost.append((jid, minion))
                continue
            outcome = "" if ret is None else ret.outcome
            self.ends[outcome or row.state] += 1
            if not _explained(row.state, row.reason, outcome, done):
                self.unexplained.append((jid, minion, f"{row.state} {outcome} with {done} effects"))


def _explained(state: str, reason: str, outcome: str, effects: int) -> bool:
    """Say whether an end and the effects agree: what is done has happened once, what never began not at all."""
    if state not in FINAL_STATES or (state == RETURNED) != bool(outcome):
        return False
    if outcome == "done":
        return effects == 1
    if outcome == "outcome_unknown":
        return effects <= 1
    return effects == 0 and bool(outcome or reason)
