"""What an init system must be able to do for `service.*`. One file beside this one for each.

Names come in as an operator types them; a hand checks and completes them itself. Names that go out are short:
`ssh`, not `ssh.service`. What fails raises `ModuleError`, with the program's own words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

Verb = Literal["start", "stop", "restart", "reload", "force-reload"]
Kind = Literal["all", "enabled", "disabled", "static", "running"]
Activity = Literal["running", "starting", "stopped"]


class ServiceManager(Protocol):
    """The init system of this box."""

    def act(self, verb: Verb, name: str, *, wait: bool = True) -> None:
        """Do `verb`; without `wait` only ask for it. A service that is there already is no error."""

    def activity(self, names: Sequence[str]) -> dict[str, Activity]:
        """Return by name how each service is doing; one that does not exist is `stopped`."""

    def known(self, name: str) -> bool:
        """Say whether there is such a service."""

    def enabled(self, name: str) -> bool:
        """Say whether it is set to start at boot; False for one that does not exist."""

    def set_enabled(self, name: str, on: bool, *, wait: bool = True) -> None:
        """Let it start at boot, or not."""

    def names(self, kind: Kind) -> list[str]:
        """Return the names of all services of a kind, sorted."""
