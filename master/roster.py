"""The accepted minions and what targets can be matched against: id, grains, tags. In memory.

Ten thousand boxes of a kind say mostly the same: equal values are kept once (`_Shared`), which makes the
difference between 50 KB and 10 KB a minion.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from shoal.targets import Facts
from shoal.wire import encode

_MAX_SHARED: Final = 200_000


class _Shared:
    """Hands out one object for equal values."""

    def __init__(self) -> None:
        self._values: dict[bytes, Any] = {}

    def mapping(self, source: Mapping[str, Any]) -> dict[str, Any]:
        """Return a copy of `source` whose keys and values are shared."""
        if len(self._values) > _MAX_SHARED:
            self._values.clear()  # those in use live on in their owners; sharing begins anew
        return {self._one(key): self._one(value) for key, value in source.items()}

    def _one(self, value: Any) -> Any:
        return self._values.setdefault(encode(value), value)


class Roster:
    """What is known of each accepted minion."""

    def __init__(self) -> None:
        self._facts: dict[str, Facts] = {}
        self._digests: dict[str, bytes] = {}
        self._shared = _Shared()

    def __len__(self) -> int:
        return len(self._facts)

    def __contains__(self, minion_id: object) -> bool:
        return minion_id in self._facts

    def ids(self) -> list[str]:
        """Return all ids, sorted."""
        return sorted(self._facts)

    def all(self) -> Iterable[Facts]:
        """Return everything that is known."""
        return self._facts.values()

    def table(self) -> Mapping[str, Facts]:
        """Return the facts by id."""
        return self._facts

    def get(self, minion_id: str) -> Facts | None:
        """Return what is known of one minion."""
        return self._facts.get(minion_id)

    def add(
        self, minion_id: str, *, grains: Mapping[str, Any], tags: Mapping[str, str], digest: bytes
    ) -> None:
        """Take in a minion, replacing what was known of it."""
        self._facts[minion_id] = Facts(
            id=minion_id, grains=self._shared.mapping(grains), tags=self._shared.mapping(tags)
        )
        self._digests[minion_id] = digest

    def ensure(self, minion_id: str, tags: Mapping[str, str]) -> None:
        """Take in a minion of which no grains are known yet."""
        if minion_id not in self._facts:
            self.add(minion_id, grains={"id": minion_id}, tags=tags, digest=b"")

    def set_grains(self, minion_id: str, grains: Mapping[str, Any], digest: bytes) -> None:
        """Replace the grains of a known minion."""
        known = self._facts.get(minion_id)
        self.add(minion_id, grains=grains, tags=known.tags if known else {}, digest=digest)

    def set_tags(self, minion_id: str, tags: Mapping[str, str]) -> None:
        """Replace the tags of a known minion."""
        known = self._facts.get(minion_id)
        if known is not None:
            self._facts[minion_id] = Facts(id=minion_id, grains=known.grains, tags=self._shared.mapping(tags))

    def tags(self, minion_id: str) -> Mapping[str, Any]:
        """Return the tags of a minion."""
        known = self._facts.get(minion_id)
        return known.tags if known else {}

    def digest(self, minion_id: str) -> bytes:
        """Return the digest of the grains that are known, empty if none are."""
        return self._digests.get(minion_id, b"")

    def forget(self, minion_id: str) -> None:
        """Drop a minion."""
        self._facts.pop(minion_id, None)
        self._digests.pop(minion_id, None)
