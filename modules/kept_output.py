"""Keeps the head and the tail of an endless output, and counts what fell out between them."""

from __future__ import annotations


class KeptOutput:
    """Up to `max_bytes` of a stream: the first half and the last half."""

    def __init__(self, max_bytes: int) -> None:
        self._head_size = max_bytes - max_bytes // 2
        self._tail_size = max_bytes // 2
        self._head = bytearray()
        self._tail = bytearray()
        self.cut = 0  # bytes that were thrown away

    def add(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        room = self._head_size - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        surplus = len(self._tail) - self._tail_size
        if surplus > 0:
            del self._tail[:surplus]
            self.cut += surplus

    def text(self) -> str:
        """Return what was kept; bytes that are not UTF-8 become `\\xNN`, a gap is marked with its size."""
        if not self.cut:
            return bytes(self._head + self._tail).decode("utf-8", "backslashreplace")
        head = self._head.decode("utf-8", "backslashreplace")
        tail = self._tail.decode("utf-8", "backslashreplace")
        return f"{head}\n[... {self.cut} bytes cut ...]\n{tail}"
