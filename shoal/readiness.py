"""Tells systemd that a daemon is up (`Type=notify`), where systemd has asked for it.

Who starts `shoal-master` with systemctl can then use it at once. The address is taken out of the environment, before
anything is forked: what a job starts must not speak for the daemon. Nothing here raises: a daemon that cannot say
that it is up is up all the same.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import MutableMapping
from typing import Final

log = logging.getLogger(__name__)

VARIABLE: Final = "NOTIFY_SOCKET"


class Readiness:
    """Where to say it, if anywhere."""

    def __init__(self, address: str) -> None:
        self._address = address

    @classmethod
    def take(cls, environ: MutableMapping[str, str]) -> Readiness:
        """Return what `environ` says, and leave nothing of it there."""
        return cls(environ.pop(VARIABLE, ""))

    def tell(self) -> None:
        """Say that the daemon is up."""
        if not self._address:
            return
        abstract = self._address.startswith("@")
        address = f"\0{self._address[1:]}" if abstract else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                sock.connect(address)
                sock.sendall(b"READY=1")
        except OSError as error:
            log.warning("systemd cannot be told: %s", error, extra={"action": "readiness_failed"})
