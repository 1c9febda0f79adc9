"""The accepted minions and what targets can be matched against: id, grains, tags. In memory.

Ten thousand boxes of a kind say mostly the same: equal values are kept once (`_Shared`), which makes the
difference between 50 KB and 10 KB a minion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from master.targets import Resolved
from master.targets import Roster as Targetable
from shoal.targets import Facts, Target, compile_target, reads_pillar
from shoal.targets.nodegroup import Nodegroups
from shoal.wire import encode

_MAX_SHARED: Final = 200_000
_MAX_SHARED_BYTES: Final = 32 * 1024 * 1024
_LARGE: Final = 4096  # values over that are a box's own, hardly ever shared, and could fill the memory


class _Shared:
    """Hands out one object for equal values."""

    def __init__(self) -> None:
        self._values: dict[bytes, Any] = {}
        self._bytes = 0

    def mapping(self, source: Mapping[str, Any]) -> dict[str, Any]:
        """Return a copy of `source` whose keys and values are shared."""
        if len(self._values) > _MAX_SHARED or self._bytes > _MAX_SHARED_BYTES:
            self._values.clear()  # those in use live on in their owners; sharing begins anew
            self._bytes = 0
        return {self._one(key): self._one(value) for key, value in source.items()}

    def _one(self, value: Any) -> Any:
        packed = encode(value)
        if len(packed) > _LARGE:
            return value
        known = self._values.setdefault(packed, value)
        if known is value:
            self._bytes += len(packed)
        return known


class Roster:
    """What is known of each accepted minion."""

    def __init__(self, nodegroups: Nodegroups) -> None:
        self._minions = Targetable((), nodegroups)
        self._digests: dict[str, bytes] = {}
        self._shared = _Shared()

    def __len__(self) -> int:
        return len(self._minions)

    def __contains__(self, minion_id: object) -> bool:
        return isinstance(minion_id, str) and self._minions.get(minion_id) is not None

    def ids(self) -> list[str]:
        """Return all ids, sorted."""
        return list(self._minions.resolve(Target(kind="glob", expr="*")).ids)

    def resolve(self, target: Target) -> Resolved:
        """Return the minions that `target` selects now. Raises TargetError if it cannot be read."""
        return self._minions.resolve(target)

    def matches(self, minion_id: str, target: Target) -> bool:
        """Say whether `target` selects this minion. Raises TargetError if it cannot be read."""
        known = self._minions.get(minion_id)
        return known is not None and compile_target(target, self._minions.nodegroups)(known)

    def ensure(self, minion_id: str, tags: Mapping[str, str]) -> None:
        """Take in a minion of which no grains are known yet."""
        if self._minions.get(minion_id) is None:
            self._put(minion_id, {"id": minion_id}, tags)

    def set_grains(self, minion_id: str, grains: Mapping[str, Any], digest: bytes) -> None:
        """Replace the grains of a minion."""
        self._put(minion_id, grains, self.tags(minion_id))
        self._digests[minion_id] = digest

    def set_tags(self, minion_id: str, tags: Mapping[str, str]) -> None:
        """Replace the tags of a known minion."""
        known = self._minions.get(minion_id)
        if known is not None:
            self._minions.put(replace(known, tags=self._shared.mapping(tags)))

    def set_pillar(self, minion_id: str, pillar: Mapping[str, Any]) -> None:
        """Let a known minion be matched on the pillar that was made for it, sealed values as they are: not copied."""
        known = self._minions.get(minion_id)
        if known is not None:
            self._minions.put(replace(known, pillar=pillar))

    def pillar(self, minion_id: str) -> Mapping[str, Any]:
        """Return the pillar that was last made for a minion, sealed values as they are."""
        known = self._minions.get(minion_id)
        return known.pillar if known else {}

    def reads_pillar(self, target: Target) -> bool:
        """Say whether pillar decides who `target` means. Raises TargetError."""
        return reads_pillar(target, self._minions.nodegroups)

    def tags(self, minion_id: str) -> Mapping[str, Any]:
        """Return the tags of a minion."""
        known = self._minions.get(minion_id)
        return known.tags if known else {}

    def grains(self, minion_id: str) -> Mapping[str, Any]:
        """Return the grains of a minion."""
        known = self._minions.get(minion_id)
        return known.grains if known else {}

    def digest(self, minion_id: str) -> bytes:
        """Return the digest of the grains that are known, empty if none are."""
        return self._digests.get(minion_id, b"")

    def forget(self, minion_id: str) -> None:
        """Drop a minion."""
        self._minions.drop(minion_id)
        self._digests.pop(minion_id, None)

    def _put(self, minion_id: str, grains: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        shared = self._shared
        known = self._minions.get(minion_id) or Facts(id=minion_id)
        self._minions.put(replace(known, grains=shared.mapping(grains), tags=shared.mapping(tags)))
