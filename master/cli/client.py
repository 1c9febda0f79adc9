"""The control socket's client side: one request, then messages until `done`.

Connecting and sending happen in the constructor, so that a program can import what it needs for printing
while the master already works. Trouble becomes an error of one line that says what to do:

    ControlError
    ├── NoMaster           nobody listens at the socket, or not for us
    ├── MasterGone         the connection ended before the answer did
    ├── ProtocolMismatch   what came is not what this release understands
    └── Refused            the master said no; carries its `kind`
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Final

from shoal import exits
from shoal.errors import WireError
from shoal.frames import FrameReader, pack

Message = dict[str, Any]

TICK: Final[Message] = {"event": "tick"}  # made here when `tick_s` passed without a message
_CHUNK: Final = 256 * 1024
_FIELDS: Final = {  # what an event must have, so that a master of another release is noticed at the border
    "job": {"jid", "targets"},
    "return": {"id", "ret", "success"},
    "silent": {"id", "why"},
    "output": {"id", "seq", "text"},
    "step": {"id", "seq", "text"},
    "event": {"tag", "data"},
}
_EXIT_BY_KIND: Final = {
    "no_match": exits.NO_MATCH,
    "usage": exits.USAGE,
    "target": exits.USAGE,
    "denied": exits.NOT_ALLOWED,
    "busy": exits.UNAVAILABLE,
    "internal": exits.INTERNAL,
}


class ControlError(exits.CliError):
    """The master cannot be asked, or did not answer as agreed."""

    exit_code = exits.UNAVAILABLE


class NoMaster(ControlError):
    """Nobody listens at the socket, or it is not for us."""


class MasterGone(ControlError):
    """The connection ended before the answer did."""


class ProtocolMismatch(ControlError):
    """What came over the socket is not what this release understands."""


class Refused(ControlError):
    """The master said no. `kind` is its word for why (`no_match`, `target`, `denied`, …)."""

    def __init__(self, kind: str, text: str) -> None:
        self.kind = kind
        self.exit_code = _EXIT_BY_KIND.get(kind, exits.FAILED)
        super().__init__(text or f"the master refused: {kind}")


class Conversation:
    """One request to the master and its answers.

    `tick_s`: yield `TICK` whenever that many seconds pass without a message.
    `patience_s`: give up when the first message takes longer; 0 waits for ever.

    Raises:
        NoMaster: nobody listens at `path`, or not for this user.
        MasterGone: the connection ended while sending.
        WireError: `request` cannot be sent.
    """

    def __init__(
        self, path: str, request: Message, *, hint: str = "", tick_s: float = 0.0, patience_s: float = 60.0
    ) -> None:
        self.jid = ""
        self._path = path
        self._tick_s = tick_s
        self._patience_s = patience_s
        frame = pack(request)
        self._socket = _connect(path, hint)
        try:
            self._socket.sendall(frame)
        except OSError:
            pass  # it may have refused and closed; what it said is still to be read

    def __enter__(self) -> Conversation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def __iter__(self) -> Iterator[Message]:
        """Yield events, ticks and at the end `{"done": …}`.

        Raises:
            Refused: the master answered with an error.
            MasterGone: the connection ended first, or nothing came within `patience_s`.
            ProtocolMismatch: the bytes or the messages are not the protocol's.
        """
        for message in self._messages():
            if "error" in message:
                raise _refusal(message["error"])
            if message.get("event") == "job":
                self.jid = str(message.get("jid", ""))
            yield message
            if "done" in message:
                return

    def answer(self) -> Message:
        """Return the map under `done`; events before it are let go."""
        for message in self:
            if "done" in message:
                answer: Message = message["done"]
                return answer
        raise self._gone()  # not reached: without `done` the iteration raises

    def _messages(self) -> Iterator[Message]:
        reader = FrameReader()
        patience_s = self._patience_s
        while True:
            wait_s = self._tick_s or patience_s
            data = self._receive(wait_s)
            if data is None:
                if patience_s and (patience_s := patience_s - wait_s) <= 0:
                    raise self._stuck()
                yield TICK
                continue
            if not data:
                raise self._gone()
            patience_s = 0.0  # it has answered: from now on it may take its time
            try:
                yield from map(self._known, reader.feed(data))
            except WireError as error:
                raise self._mismatch(str(error)) from None

    def _receive(self, wait_s: float) -> bytes | None:
        """Return bytes, b"" at the end of the stream, None when nothing came within `wait_s` (0: wait)."""
        self._socket.settimeout(wait_s or None)
        try:
            return self._socket.recv(_CHUNK)
        except TimeoutError:
            return None
        except OSError:
            return b""

    def _known(self, message: Message) -> Message:
        keys = message.keys()
        if "event" in keys:
            missing = _FIELDS.get(str(message["event"]), set()) - keys
            if missing:
                raise self._mismatch(f"a {message['event']} without {sorted(missing)[0]}")
        elif "error" not in keys and not isinstance(message.get("done"), dict):
            raise self._mismatch(f"a message of {', '.join(sorted(message)[:5]) or 'nothing'}")
        return message

    def _stuck(self) -> MasterGone:
        return MasterGone(
            f"The master at {self._path} has not answered for {self._patience_s:g} s: it is alive but stuck; "
            "look at its log"
        )

    def _gone(self) -> MasterGone:
        if self.jid:
            return MasterGone(
                f"The master went away; job {self.jid} goes on. "
                f"Ask later: shoal-run jobs.lookup_jid {self.jid}"
            )
        return MasterGone(f"The master at {self._path} went away before it answered; look at its log")

    def _mismatch(self, detail: str) -> ProtocolMismatch:
        return ProtocolMismatch(
            f"The master at {self._path} does not speak this program's protocol ({detail}); "
            "are both of the same release?"
        )


def _connect(path: str, hint: str) -> socket.socket:
    """Return a socket connected to `path`. Raises NoMaster."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.connect(path)  # blocking: it waits its turn when many programs ask at once
    except OSError as error:
        made.close()
        raise _no_master(path, hint, error) from None
    return made


def _no_master(path: str, hint: str, error: OSError) -> NoMaster:
    if isinstance(error, PermissionError):
        refused = NoMaster(f"Not allowed to open {path}. Run this as root, or as a user of publisher_acl")
        refused.exit_code = exits.NOT_ALLOWED
        return refused
    if isinstance(error, (FileNotFoundError, ConnectionRefusedError, NotADirectoryError)):
        return NoMaster(f"No master answers at {path}. Is shoal-master running{hint}?")
    return NoMaster(f"Cannot reach the master at {path}: {error}")


def _refusal(error: object) -> Refused:
    if isinstance(error, dict):
        return Refused(str(error.get("kind", "")), str(error.get("text", "")))
    return Refused("", str(error))
