"""Job and daemon control for a call without a daemon: `shoal-call --local`, and tests.

Nothing runs besides the caller and nobody can be asked; both say so instead of pretending.
"""

from __future__ import annotations

from typing import Any

from shoal.errors import ModuleError


class NoJobs:
    """A `JobControl` for a process that runs one function and ends."""

    def running(self) -> list[dict[str, Any]]:
        """Return nothing: no job but the caller."""
        return []

    def find(self, jid: str) -> dict[str, Any] | None:
        """Return None."""
        return None

    def signal(self, jid: str, number: int) -> bool:
        """Return False: there is nobody to signal."""
        return False


class NoDaemon:
    """A `DaemonControl` where there is no daemon."""

    def request(self, action: str, **data: Any) -> None:
        """Refuse. Raises ModuleError."""
        raise ModuleError(
            f"{action} is the daemon's work, and this call runs without one; ask through a master"
        )
