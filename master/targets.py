"""Who a job goes to: the minions known now, and the exact ids that a target selects among them.

The set is resolved once, here, before anything is sent; what is stored, shown and signed is the list of ids.
"""

from __future__ import annotations

import random
from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from shoal.errors import TargetError
from shoal.targets import Facts, Target, compile_target, hints, list_ids
from shoal.targets.nodegroup import Nodegroups

_NO_GROUPS: Final[Nodegroups] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What a target selects.

    `ids` is sorted. `missing` are the ids that a list names and nobody has, in its order. `hints` are one-line
    remarks for the operator on words that are legal but doubtful.
    """

    ids: tuple[str, ...]
    missing: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()


class Roster:
    """The minions that can be targeted, by id; the master keeps it up to date as facts come in."""

    def __init__(self, facts: Iterable[Facts] = (), nodegroups: Nodegroups = _NO_GROUPS) -> None:
        self.nodegroups = nodegroups
        self._facts: dict[str, Facts] = {each.id: each for each in facts}
        self._ids: list[str] = sorted(self._facts)

    def __len__(self) -> int:
        return len(self._ids)

    def get(self, minion_id: str) -> Facts | None:
        """Return the facts of a minion, or None."""
        return self._facts.get(minion_id)

    def put(self, facts: Facts) -> None:
        """Add a minion, or replace what is known of it."""
        if facts.id not in self._facts:
            insort(self._ids, facts.id)
        self._facts[facts.id] = facts

    def drop(self, minion_id: str) -> None:
        """Forget a minion; harmless if it is not known."""
        if self._facts.pop(minion_id, None) is not None:
            del self._ids[bisect_left(self._ids, minion_id)]

    def resolve(self, target: Target) -> Resolved:
        """Return the minions that `target` selects. Raises TargetError if it cannot be read."""
        if target.kind == "list":
            return _resolve_list(target, self._facts)
        matcher = compile_target(target, self.nodegroups)
        if target.kind == "glob" and target.expr == "*":
            return Resolved(ids=tuple(self._ids))
        facts = self._facts
        ids = tuple([minion_id for minion_id in self._ids if matcher(facts[minion_id])])
        return Resolved(ids=ids, hints=tuple(hints(target, self.nodegroups)))


def choose_subset(ids: Sequence[str], count: int, chance: random.Random) -> list[str]:
    """Return `count` of `ids` at random, sorted; all if there are no more. Raises TargetError if `count` < 1."""
    if count < 1:
        raise TargetError(f"a subset of {count} minions makes no sense: use 1 or more")
    return sorted(ids if count >= len(ids) else chance.sample(list(ids), count))


def _resolve_list(target: Target, facts: Mapping[str, Facts]) -> Resolved:
    # A dictionary look-up for each id instead of a look at each minion.
    compile_target(target)
    wanted = dict.fromkeys(list_ids(target.expr))
    return Resolved(
        ids=tuple(sorted(minion_id for minion_id in wanted if minion_id in facts)),
        missing=tuple(minion_id for minion_id in wanted if minion_id not in facts),
    )
