"""What a minion reports of its grains: all of them, or what has changed since the master was last told.

    {digest, grains}                    all
    {digest, base, set, deleted}        the difference to the grains whose digest is `base`

The digest is the minion's own and tells one state of its grains from another; the master only compares it. A
master that does not have `base` takes nothing and asks for all. What becomes of a difference is held to the
same limits as a report of all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shoal.errors import WireError
from shoal.messages import MAX_FACTS_BYTES, MAX_VALUES
from shoal.wire import Fields, decode, encode

MAX_GRAINS: Final = 2000
MAX_DIGEST_BYTES: Final = 64
_MAX_NAME: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class GrainsReport:
    """One `facts` message. Without a `base`, `grains` are all there are; with one, those to set."""

    digest: bytes
    grains: Mapping[str, Any]
    base: bytes = b""
    deleted: tuple[str, ...] = field(default=())

    @classmethod
    def between(
        cls, base: bytes, old: Mapping[str, Any], digest: bytes, grains: Mapping[str, Any]
    ) -> GrainsReport:
        """Return the difference from `old` to `grains`; all of them where a difference could not be told."""
        deleted = tuple(name for name in old if name not in grains)
        if not base or len(deleted) > MAX_GRAINS or any(len(name) > _MAX_NAME for name in deleted):
            return cls(digest=digest, grains=grains)
        fresh = {name: value for name, value in grains.items() if not _same(old, name, value)}
        return cls(digest=digest, grains=fresh, base=base, deleted=deleted)

    def to_wire(self) -> dict[str, Any]:
        """Return the message body."""
        if not self.base:
            return {"digest": self.digest, "grains": dict(self.grains)}
        return {
            "digest": self.digest,
            "base": self.base,
            "set": dict(self.grains),
            "deleted": list(self.deleted),
        }

    @classmethod
    def from_wire(cls, value: object) -> GrainsReport:
        """Check and read a message body. Raises WireError."""
        fields = Fields(value, "facts")
        digest = fields.blob("digest", MAX_DIGEST_BYTES)
        base = fields.blob("base", MAX_DIGEST_BYTES, default=b"")
        if not base:  # nor is a difference to nothing one: a master without grains has an empty digest
            made = cls(digest=digest, grains=fields.mapping("grains", MAX_GRAINS))
        else:
            grains = fields.mapping("set", MAX_GRAINS)
            deleted = fields.texts("deleted", MAX_GRAINS, _MAX_NAME)
            made = cls(digest=digest, grains=grains, base=base, deleted=deleted)
        fields.done()
        return made

    def over(self, old: Mapping[str, Any]) -> dict[str, Any]:
        """Return all grains after this report, `old` being those of its base. Raises WireError over the limits."""
        if not self.base:
            return dict(self.grains)
        gone = frozenset(self.deleted)
        whole = {name: value for name, value in old.items() if name not in gone} | dict(self.grains)
        if len(whole) > MAX_GRAINS:
            raise WireError(f"facts: the difference makes more than {MAX_GRAINS} grains")
        # Read anew: many small differences must not grow to what one message could never bring.
        kept: dict[str, Any] = decode(encode(whole), MAX_FACTS_BYTES, MAX_VALUES)
        return kept


def _same(old: Mapping[str, Any], name: str, value: Any) -> bool:
    # By their bytes: 1, 1.0 and True are equal, and not the same grain.
    return name in old and (old[name] is value or encode(old[name]) == encode(value))
