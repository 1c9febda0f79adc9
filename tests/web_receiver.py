"""A web service that takes what a webhook posts, in a thread of the test, and answers as the test says."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Posted:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes
    status: int = 0  # what was answered

    def returns(self) -> list[dict[str, Any]]:
        """Return the returns in it."""
        return list(json.loads(self.body)["returns"])


@dataclass
class WebReceiver:
    """What came, and what is answered to it."""

    port: int = 0
    status: int = 200
    answer: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    posted: list[Posted] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)  # cleared: requests are not answered
    statuses: list[int] = field(default_factory=list)  # answered one by one, before `status` is

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/take"

    def taken(self) -> list[dict[str, Any]]:
        """Return the returns of all requests that were answered with 200, in their order."""
        return [each for posted in self.posted if posted.status == 200 for each in posted.returns()]


@contextmanager
def web_receiver(port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[WebReceiver]:
    """Listen at 127.0.0.1 until the block ends."""
    receiver = WebReceiver()
    receiver.go_on.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            posted = Posted(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            receiver.posted.append(posted)
            receiver.go_on.wait(30)
            posted.status = receiver.statuses.pop(0) if receiver.statuses else receiver.status
            self.send_response(posted.status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(receiver.answer)))
            self.end_headers()
            self.wfile.write(receiver.answer)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A client that hangs up is what some tests are about."""

    server = Server(("127.0.0.1", port), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
