"""A job's way to the master: asks at the daemon's desk, and finds files' contents in the cache.

Blocks, as jobs may. A daemon that is restarted meanwhile is asked again.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from shoal.answer import MAX_DATA_BYTES
from shoal.errors import ModuleError, WireError
from shoal.files.messages import FileInfo
from shoal.files.place import path_in
from shoal.frames import FrameReader, pack
from shoal.pillar.handed import read_packed
from shoal.wire import plain

_PATIENCE_S: Final = 30.0  # for a daemon that is not there just now
_PAUSE_S: Final = 0.2
_AT_ONCE: Final = 2000
_READ: Final = 256 * 1024


class DeskClient:
    """Serves `modules.context.Files` and `Master` from the master this box belongs to."""

    def __init__(self, desk: Path, cache: Path) -> None:
        self._desk = desk
        self._cache = cache

    def envs(self) -> list[str]:
        """Return the names of the environments. Raises ModuleError."""
        return [env for answer in self._ask({"op": "envs"}) for env in answer["envs"]]

    def find(self, env: str, name: str) -> FileInfo | None:
        """Return what is known of a file, None if there is none. Raises ModuleError."""
        for answer in self._ask({"op": "find", "env": env, "name": name}):
            return next((FileInfo.from_wire(value) for value in answer["files"]), None)
        return None

    def walk(self, env: str, folder: str = "") -> list[FileInfo]:
        """Return all files and folders below a folder, sorted. Raises ModuleError."""
        answers = self._ask({"op": "list", "env": env, "name": folder})
        return [FileInfo.from_wire(value) for answer in answers for value in answer["files"]]

    def fetch(self, files: Sequence[FileInfo]) -> list[Path]:
        """Bring contents to this box and return where each is. Raises ModuleError, e.g. when one has changed."""
        wanted = [info for info in files if not info.is_dir]
        for start in range(0, len(wanted), _AT_ONCE):
            part = [info.to_wire() for info in wanted[start : start + _AT_ONCE]]
            for _ in self._ask({"op": "fetch", "files": part}):
                pass
        return [path_in(self._cache, info.digest) for info in wanted]

    def drop(self, info: FileInfo) -> None:
        """Take a content out of the cache that is damaged, by a power cut say."""
        path_in(self._cache, info.digest).unlink(missing_ok=True)

    def sync(self, kinds: Sequence[str], env: str) -> dict[str, list[str]]:
        """Have the daemon bring synced files up to date; return what has changed, by kind. Raises ModuleError."""
        (answer,) = self._ask({"op": "sync", "kinds": list(kinds), "env": env})
        _check_failed(answer)
        return {str(kind): [str(name) for name in names] for kind, names in answer["changed"].items()}

    def facts(self) -> tuple[dict[str, Any], dict[str, str], dict[str, Any]]:
        """Return grains, tags and pillar as the daemon knows them. Raises ModuleError."""
        (answer,) = self._ask({"op": "facts"})
        return answer["grains"], answer["tags"], read_packed(answer["pillar"])

    def refresh_pillar(self) -> None:
        """Have the daemon fetch the box's pillar; return when it is there. Raises ModuleError."""
        (answer,) = self._ask({"op": "refresh_pillar"})
        _check_failed(answer)

    def pillar(self, pillarenv: str = "") -> dict[str, Any]:
        """Return the box's pillar as the master makes it now; the daemon's stays as it is. Raises ModuleError."""
        (answer,) = self._ask({"op": "pillar", "pillarenv": pillarenv})
        _check_failed(answer)
        return read_packed(answer["packed"])

    def ask(self, verb: str, **body: Any) -> bytes:
        """Return the master's answer to a question. Raises ModuleError."""
        data = bytearray()
        for answer in self._ask({"op": "ask", "verb": verb, "body": body}):
            if answer["again"]:
                data.clear()
            data += answer["data"]
            if len(data) > MAX_DATA_BYTES:
                raise ModuleError(f"the master's answer to {verb} is larger than {MAX_DATA_BYTES} bytes")
        return bytes(data)

    def tell(self, tag: str, data: Mapping[str, Any]) -> None:
        """Put an event on the master's bus. Raises ModuleError."""
        self._ask({"op": "event", "tag": tag, "data": plain(data)})

    def _ask(self, question: dict[str, Any]) -> list[dict[str, Any]]:
        """Return all answers to a question."""
        end = time.monotonic() + _PATIENCE_S
        while True:
            try:
                return list(self._answers(question))
            except (OSError, WireError) as error:
                if time.monotonic() > end:
                    raise ModuleError(f"the minion's daemon does not answer: {error}") from None
                time.sleep(_PAUSE_S)

    def _answers(self, question: dict[str, Any]) -> Iterator[dict[str, Any]]:
        reader = FrameReader()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.connect(str(self._desk))
            sock.sendall(pack(question))
            while True:
                data = sock.recv(_READ)
                if not data:
                    raise ConnectionError("it has closed the connection")
                for answer in reader.feed(data):
                    if answer["error"]:
                        raise ModuleError(f"the master says: {answer['error']}")
                    yield answer
                    if answer["last"]:
                        return


def _check_failed(answer: dict[str, Any]) -> None:
    if answer["failed"]:
        raise ModuleError(str(answer["failed"]))
