"""Answers boxes about the mine: each puts values there under its own id, and reads those that others let it read.

Who asks is known from its key. Targets in a question were bounded when it was read (`shoal/mine.py`); they are
judged here, on the master's thread, because the roster lives there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from master.roster import Roster
from master.store.mine import MineValue
from master.store.store import Store
from master.writer import Writer
from shoal.answer import MAX_DATA_BYTES
from shoal.errors import ArgumentError, TargetError
from shoal.mine import MAX_NAMES, MineQuestion
from shoal.targets import Target
from shoal.wire import encode

_ROOM: Final = 4096  # of an answer, for what is around the values


class MineRoom:
    """See the module docstring."""

    def __init__(self, store: Store, writer: Writer, roster: Roster, now: Callable[[], float]) -> None:
        self._mine = store.mine
        self._writer = writer
        self._roster = roster
        self._now = now

    async def answer(self, minion: str, question: MineQuestion) -> bytes:
        """Return the answer to a question of `minion`. Raises TargetError, ArgumentError, StoreError."""
        if question.op == "put":
            return await self._put(minion, question)
        if question.op == "keep":
            return encode(await self._writer.call(self._mine.keep, minion, question.names))
        if question.op == "delete":
            return encode(await self._writer.call(self._mine.delete, minion, question.names[0]))
        assert question.target is not None
        if self._roster.reads_pillar(question.target):  # by a nodegroup; a plain one is no question
            raise TargetError("a nodegroup of this target goes by pillar: a box may not ask by it")
        values = await self.values(question.target, question.names, reader=minion)
        size = sum(len(value.packed) + len(value.minion) for value in values)
        if size > MAX_DATA_BYTES - _ROOM * len(question.names):
            raise ArgumentError(f"the values have {size} bytes: ask for fewer minions or less of each")
        found: dict[str, dict[str, bytes]] = {name: {} for name in question.names}
        for value in values:
            found[value.name][value.minion] = value.packed
        return encode(found)

    async def values(self, target: Target, names: Collection[str], reader: str = "") -> list[MineValue]:
        """Return values of the minions that `target` selects: those that `reader` may read, all without one.

        Raises:
            TargetError, StoreError
        """
        ids = frozenset(self._roster.resolve(target).ids)
        values = await self._writer.read(self._mine.named, names)
        return [value for value in values if value.minion in ids and (not reader or self._may(value, reader))]

    async def _put(self, minion: str, question: MineQuestion) -> bytes:
        if question.target is not None:
            self._roster.resolve(question.target)  # a mistake is told to who makes it
        value = MineValue(
            minion=minion,
            name=question.names[0],
            packed=question.packed,
            allow=question.target,
            updated_at=self._now(),
        )
        if not await self._writer.call(self._mine.put, value, MAX_NAMES):
            raise ArgumentError(f"the mine has {MAX_NAMES} values of this minion: delete some")
        return encode(True)

    def _may(self, value: MineValue, reader: str) -> bool:
        if value.allow is None or value.minion == reader:
            return True
        try:
            return self._roster.matches(reader, value.allow)
        except TargetError:  # a nodegroup that the master does not have any more, say
            return False
