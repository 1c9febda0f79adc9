"""Length-prefixed messages on a unix stream socket: 4 bytes big-endian size, then one `shoal.wire` map.

Used on the box between daemon and executor, and on the master between programs and daemon.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, Final

from shoal.errors import WireError
from shoal.wire import decode, encode

MAX_FRAME: Final = 16 * 1024 * 1024
_HEAD: Final = struct.Struct(">I")


def pack(message: dict[str, Any]) -> bytes:
    """Return `message` ready to be written to the stream. Raises WireError when it is too large."""
    body = encode(message)
    if len(body) > MAX_FRAME:
        raise WireError(f"frame of {len(body)} bytes, more than {MAX_FRAME}")
    return _HEAD.pack(len(body)) + body


class FrameReader:
    """Collects bytes from a stream and hands out whole messages."""

    def __init__(self, max_frame: int = MAX_FRAME, max_values: int = 0) -> None:
        """`max_values` is for frames of those we do not trust, see `shoal.wire.decode`."""
        self._max = max_frame
        self._max_values = max_values
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """Yield each message completed by `data`. Raises WireError for one that is too large or no map."""
        self._buffer += data
        while len(self._buffer) >= _HEAD.size:
            (size,) = _HEAD.unpack_from(self._buffer)
            if size > self._max:
                raise WireError(f"frame of {size} bytes announced, more than {self._max}")
            end = _HEAD.size + size
            if len(self._buffer) < end:
                return
            body = bytes(self._buffer[_HEAD.size : end])
            del self._buffer[:end]
            message = decode(body, self._max, self._max_values)
            if not isinstance(message, dict):
                raise WireError("frame is not a map")
            yield message
