"""A connection that ends at one moment, however slowly the other side speaks, and after so many bytes."""

from __future__ import annotations

import io
import socket
import time
from typing import Any, Final

_CHUNK: Final = 65536


class Overflow(Exception):
    """More came than was allowed."""


class TimedSocket:
    """What http.client wants of a socket. Raises TimeoutError at the deadline, Overflow at `max_bytes`."""

    def __init__(self, connected: socket.socket, deadline: float, max_bytes: int) -> None:
        self._connected = connected
        self._deadline = deadline
        self._left = max_bytes

    def sendall(self, data: Any) -> None:
        """Send all of it in time."""
        view = memoryview(data)
        for start in range(0, len(view), _CHUNK):
            self._connected.settimeout(remaining(self._deadline))
            self._connected.sendall(view[start : start + _CHUNK])

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return a reader of what comes."""
        return io.BufferedReader(_Incoming(self))

    def receive_into(self, buffer: Any) -> int:
        """Read once."""
        self._connected.settimeout(remaining(self._deadline))
        count = self._connected.recv_into(buffer)
        self._left -= count
        if self._left < 0:
            raise Overflow
        return count

    def close(self) -> None:
        """Do nothing: http.client lets go before the answer is read; the owner closes."""


class _Incoming(io.RawIOBase):
    def __init__(self, connection: TimedSocket) -> None:
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._connection.receive_into(buffer)


def remaining(deadline: float) -> float:
    """Return the seconds until the monotonic `deadline`. Raises TimeoutError when it is over."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
