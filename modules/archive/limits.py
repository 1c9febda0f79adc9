"""What an archive may grow to, so that a small file cannot fill a box."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from modules.archive.member import Member, shown
from shoal.errors import ModuleError

MAX_BYTES: Final = 2 * 1024**3
MAX_MEMBERS: Final = 100_000
MAX_RATIO: Final = 200
_RATIO_FROM: Final = 16 * 1024**2  # below that a ratio says nothing: a page of zeros packs a thousandfold
_HEADER_BYTES: Final = 2048  # of one member, its long names and attributes included
_SLACK: Final = 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one archive. Content is counted unpacked."""

    max_bytes: int = MAX_BYTES
    max_members: int = MAX_MEMBERS
    max_ratio: int = MAX_RATIO  # unpacked to packed

    @property
    def stream_bytes(self) -> int:
        """How much may come out of a decompressor: the content and what describes it."""
        return self.max_bytes + self.max_members * _HEADER_BYTES + _SLACK


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts members while they are read."""

    limits: Limits
    packed: int  # bytes of the archive's file
    total: int = field(default=0, init=False)
    members: int = field(default=0, init=False)

    def add(self, member: Member) -> None:
        """Count one more. Raises ModuleError when the archive is over a limit."""
        self.members += 1
        self.total += max(member.size, 0)
        if self.members > self.limits.max_members:
            raise ModuleError(
                f"the archive has more than {self.limits.max_members} members; "
                "give a larger max_members if that is right"
            )
        if member.size < 0 or self.total > self.limits.max_bytes:
            raise ModuleError(
                f"the archive unpacks to more than {self.limits.max_bytes} bytes (at {shown(member.name)}); "
                "give a larger max_bytes if that is right"
            )
        check_ratio(self.total, self.packed, self.limits)


def check_ratio(total: int, packed: int, limits: Limits) -> None:
    """Raise ModuleError when `packed` bytes became too many."""
    if total > _RATIO_FROM and total > packed * limits.max_ratio:
        raise ModuleError(
            f"the archive unpacks to more than {limits.max_ratio} times its size, as a bomb does; "
            "give a larger max_ratio if that is right"
        )
