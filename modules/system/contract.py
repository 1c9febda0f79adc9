"""What an init system must be able to do to take the box down later. One file beside this one for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Action = Literal["halt", "poweroff", "reboot"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A shutdown that will come."""

    action: str
    at: int  # seconds since 1970
    by: str  # `shoal`, or `shutdown` for somebody else's


class PowerControl(Protocol):
    """Who takes the box down."""

    def schedule(self, action: Action, delay_s: int, now: int) -> Pending:
        """Let `action` happen in `delay_s` seconds, or soon after. Raises ModuleError."""

    def pending(self) -> Pending | None:
        """Return the shutdown that will come, if any."""

    def cancel(self) -> None:
        """Let what `pending` told not happen. Raises ModuleError."""
