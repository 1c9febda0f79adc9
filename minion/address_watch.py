"""Tells when an address of this box changes (netlink), because connections over the old one are dead then."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from typing import Final

from minion.loop import Loop, Timer

log = logging.getLogger(__name__)

_GROUPS: Final = 0x10 | 0x100 | 0x40  # RTMGRP_IPV4_IFADDR, _IPV6_IFADDR, _IPV4_ROUTE
_SETTLE_S: Final = 2.0  # changes come in bursts


class AddressWatch:
    """Calls `on_change` a moment after the last of a burst of changes."""

    def __init__(self, loop: Loop, on_change: Callable[[], None]) -> None:
        self._loop = loop
        self._on_change = on_change
        self._timer: Timer | None = None
        self._socket: socket.socket | None = None
        try:
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
            self._socket.setblocking(False)
            self._socket.bind((0, _GROUPS))
            loop.watch(self._socket.fileno(), self._changed)
        except OSError as error:  # a container without netlink: heartbeats notice too, only later
            log.info("address changes are not watched: %s", error.strerror, extra={"action": "no_netlink"})
            self.close()

    def close(self) -> None:
        """Stop watching."""
        if self._socket is not None:
            self._loop.unwatch(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def _changed(self) -> None:
        assert self._socket is not None
        try:
            while self._socket.recv(65536):
                pass
        except BlockingIOError:
            pass  # read them all
        except OSError:
            pass  # ENOBUFS: more changes than fit, which is a change too
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(_SETTLE_S, self._on_change)
