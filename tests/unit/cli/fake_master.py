"""A master that only speaks the control socket: says what a test tells it to, remembers what it was asked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from shoal.frames import FrameReader, pack

Message = dict[str, Any]
Script = Callable[[Message], Iterable[Message | bytes | threading.Event]]
JID = "20260921101112131415"
NO_MATCH = "No minions matched the target. No command was sent, no jid was assigned."


class FakeMaster:
    """Listens at `path`. A script yields messages, raw bytes, or an event to wait for."""

    def __init__(self, path: Path) -> None:
        self.requests: list[Message] = []
        self.script: Script = lambda _request: ()
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._server.bind(str(path))
        self._server.listen(16)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def says(self, *messages: Message | bytes | threading.Event) -> None:
        """Answer every request with `messages`."""
        self.script = lambda _request: messages

    def stop(self) -> None:
        self._stopping.set()
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection:
                try:
                    self._answer(connection)
                except OSError:
                    pass  # the program left

    def _answer(self, connection: socket.socket) -> None:
        reader = FrameReader()
        asked: list[Message] = []
        while not asked:
            data = connection.recv(65536)
            if not data:
                return
            asked.extend(reader.feed(data))
        self.requests.append(asked[0])
        for item in self.script(asked[0]):
            if isinstance(item, threading.Event):
                item.wait(10)
            else:
                connection.sendall(item if isinstance(item, bytes) else pack(item))


def job(*targets: str, fun: str = "test.ping") -> Message:
    return {"event": "job", "jid": JID, "fun": fun, "targets": list(targets), "from": "root"}


def returned(minion: str, ret: Any = True, **changed: Any) -> Message:
    message = {
        "event": "return", "id": minion, "ret": ret, "retcode": 0, "outcome": "done", "success": True,
        "out": "", "started": 1.0, "duration_s": 0.1, "trimmed": 0,
    }  # fmt: skip
    return message | changed


def failed(minion: str, ret: Any, retcode: int = 1, **changed: Any) -> Message:
    return returned(minion, ret, retcode=retcode, success=False, **changed)


def silent(minion: str, why: str = "sent", text: str = "", label: str = "Sent, not received") -> Message:
    return {"event": "silent", "id": minion, "why": why, "label": label, "text": text, "kept": False}


def done(**fields: Any) -> Message:
    return {"done": {"jid": JID, "returned": 0, "failed": 0, "silent": 0, "skipped": []} | fields}


def error(kind: str, text: str) -> Message:
    return {"error": {"kind": kind, "text": text}}
