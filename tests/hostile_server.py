"""A web server that means harm: what it does is named by the first part of the path.

    with HostileServer() as server:
        get(f"{server.url}/huge")
        assert server.asked == ["/huge"]

It answers in threads of its own and gives up each answer when the client has gone or the server is closed.
"""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final

_CHUNK: Final = b"x" * 65536
_PAUSE_S: Final = 0.02
GOOD: Final = b"what was asked for\n"


def _answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _moved(target: str) -> bytes:
    return _answer(b"", "302 Found", f"Location: {target}")


ANSWERS: Final[dict[str, bytes]] = {
    "/good": _answer(GOOD),
    "/other": _answer(b"something else\n"),
    "/to-file": _moved("file:///etc/shadow"),
    "/to-metadata": _moved("http://169.254.169.254/latest/meta-data/"),
    "/to-ftp": _moved("ftp://127.0.0.1/x"),
    "/to-dots": _moved("/../../owned"),
    "/to-split": _moved("/good\r\nX: y"),
    "/loop": _moved("/loop"),
    "/name": _answer(GOOD, "200 OK", 'Content-Disposition: attachment; filename="../../owned"'),
    "/short": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this",
    "/packed": _answer(gzip.compress(bytes(50_000_000)), "200 OK", "Content-Encoding: gzip"),
    "/no-http": b"\x00\x01\x02 no answer at all\r\n\r\n",
}

ENDLESS: Final[dict[str, tuple[bytes, bytes, float]]] = {  # how it starts, what follows for ever, pause
    "/huge": (b"HTTP/1.1 200 OK\r\n\r\n", _CHUNK, 0.0),
    "/huge-chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFF\r\n", _CHUNK, 0.0),
    "/negative-chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", _CHUNK, 0.0),
    "/headers": (b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n" * 1000, 0.0),
    "/slow": (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x", _PAUSE_S),
    "/slow-headers": (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x", _PAUSE_S),
    "/silent": (b"", b"", _PAUSE_S),
}


class HostileServer:
    """See the module docstring. With `root` it serves that folder's files besides, as they are."""

    def __init__(self, root: Path | None = None) -> None:
        self._root = root
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.asked: list[str] = []  # paths
        self.sent = 0  # bytes of bodies without end
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> HostileServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._listener.close()

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._quietly, args=(self._serve, peer), daemon=True).start()

    @staticmethod
    def _quietly(serve: Callable[[socket.socket], None], peer: socket.socket) -> None:
        with peer:
            try:
                serve(peer)
            except OSError:
                pass  # the client has hung up, which is what most of this is about

    def _serve(self, peer: socket.socket) -> None:
        asked = b""
        while b"\r\n\r\n" not in asked:
            more = peer.recv(65536)
            if not more:
                return
            asked += more
        path = asked.split(b" ")[1].decode().partition("?")[0]
        self.asked.append(path)
        first = "/" + path.split("/")[1]
        if first in ENDLESS:
            start, chunk, pause = ENDLESS[first]
            peer.sendall(start)
            while not self._stopped.wait(pause):
                peer.sendall(chunk)
                self.sent += len(chunk)
        else:
            peer.sendall(ANSWERS[first] if first in ANSWERS else self._file(path))

    def _file(self, path: str) -> bytes:
        file = self._root / path.strip("/") if self._root is not None else None
        if file is None or not file.is_file():
            return _answer(b"", "404 Not Found")
        return _answer(file.read_bytes())
