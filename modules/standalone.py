"""What a call without a daemon has for jobs, daemon and master: `shoal-call --local`, and tests.

Nothing runs besides the caller and nobody can be asked; both say so instead of pretending.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

    def sync(self, kinds: Sequence[str], env: str) -> dict[str, list[str]]:
        """Refuse. Raises ModuleError."""
        raise ModuleError(
            "to sync is the daemon's work, and this call runs without one; ask through a master"
        )

    def refresh_pillar(self) -> None:
        """Refuse. Raises ModuleError."""
        raise ModuleError("a pillar comes by the daemon, and this call runs without one")

    def pillar(self, pillarenv: str = "") -> dict[str, Any]:
        """Refuse. Raises ModuleError."""
        raise ModuleError("a pillar comes by the daemon, and this call runs without one")


class NoMaster:
    """A `Master` where none may be asked."""

    def ask(self, verb: str, **body: Any) -> bytes:
        """Refuse. Raises ModuleError."""
        raise ModuleError(f"the master has to be asked ({verb}), and this call runs without one")

    def tell(self, tag: str, data: Mapping[str, Any]) -> None:
        """Refuse. Raises ModuleError."""
        raise ModuleError(f"the event {tag[:100]} is for a master, and this call runs without one")
