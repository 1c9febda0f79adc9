"""What an SLS says of a service, for the state itself and for what it does when something it watches has changed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOptions:
    """Spellings are Salt's."""

    enable: bool | None = None  # at each start; null leaves it
    sig: str = ""  # it runs if a command line has this text
    init_delay: float = 0.0  # seconds after which a service that was started must still run
    no_block: bool = False  # only ask for it
    unmask: bool = False
    unmask_runtime: bool = False
    reload: bool = False  # on a change of what it watches, in place of a restart
    full_restart: bool = False
    force: bool = False  # with `reload`: restart it if it cannot do that
