"""One framed connection on the box, daemon or executor side, that never blocks.

What cannot be written at once waits in memory. A link does not refuse: whoever sends looks at `pending` first
(`HIGH_WATER`) and is told by `on_drained` when all is out. Bytes that are no frames close the connection.
"""

from __future__ import annotations

import logging
import socket
import struct
from collections.abc import Callable
from typing import Any, Final

from minion.loop import Loop
from shoal.errors import WireError
from shoal.frames import FrameReader, pack

log = logging.getLogger(__name__)

HIGH_WATER: Final = 1024 * 1024
_READ: Final = 64 * 1024
_CREDENTIALS: Final = struct.Struct("3i")  # struct ucred: pid, uid, gid

OnMessage = Callable[["Link", "dict[str, Any]"], None]
OnLink = Callable[["Link"], None]


class Link:
    """Sends and receives maps over a connected stream socket."""

    def __init__(self, loop: Loop, sock: socket.socket, on_message: OnMessage, on_closed: OnLink) -> None:
        self._loop = loop
        self._sock = sock
        self._on_message = on_message
        self._on_closed = on_closed
        self._reader = FrameReader()
        self._out = bytearray()
        self._broken = False  # nothing can be written any more; what has arrived is still read
        self.closed = False
        self.on_drained: Callable[[], None] | None = None
        sock.setblocking(False)
        loop.watch(sock.fileno(), self._readable)

    @property
    def pending(self) -> int:
        """Bytes that wait to be written."""
        return len(self._out)

    def send(self, message: dict[str, Any]) -> bool:
        """Write `message` or keep it until it can be; False if the other side cannot get it any more.

        Raises:
            WireError: it does not fit a frame.
        """
        data = pack(message)
        if self.closed or self._broken:
            return False
        if not self._out:
            sent = self._write(data)
            if self._broken or sent == len(data):
                return not self._broken
            data = data[sent:]
            self._loop.watch_write(self._sock.fileno(), self._writable)
        self._out += data
        return True

    def close(self) -> None:
        """Close from this side; `on_closed` is not called."""
        if not self.closed:
            self.closed = True
            self._loop.unwatch(self._sock.fileno())
            self._sock.close()
            self._out.clear()

    def release(self) -> None:
        """Close the descriptor only: for a forked child, which shares the parent's epoll."""
        self._sock.close()

    def peer_pid(self) -> int:
        """Return the pid of who connected or listens at the other end; 0 if unknown."""
        raw = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        pid, _uid, _gid = _CREDENTIALS.unpack(raw)
        return int(pid)

    def _write(self, data: bytes | bytearray) -> int:
        try:
            return self._sock.send(data)
        except BlockingIOError:
            return 0
        except OSError:  # the reading side will see the end in its own turn
            self._broken = True
            self._out.clear()
            return 0

    def _writable(self) -> None:
        sent = self._write(self._out)
        del self._out[:sent]
        if self._out:
            return
        self._loop.watch_write(self._sock.fileno(), None)
        if self.on_drained is not None and not self._broken:
            self.on_drained()

    def _readable(self) -> None:
        try:
            data = self._sock.recv(_READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        try:
            for message in self._reader.feed(data):
                self._on_message(self, message)
                if self.closed:
                    return
        except WireError as error:
            log.error("closing a connection: %s", error, extra={"action": "executor_link_bad"})
            data = b""
        if not data:
            self.close()
            self._on_closed(self)
