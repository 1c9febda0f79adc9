"""ZMTP 3.1 with CURVE by hand: a peer that libzmq's own rules do not hold back (RFC 23, 26, 37).

    with RawPeer(host_port, server_key, keys.curve, socket_type=b"XSUB") as raw:
        raw.handshake()
        raw.send(b"\\0a cancel of what was never subscribed")

Each step can be left out, cut short or altered: `connect`, `greet`, `hello`, `initiate`, then `send`.
"""

from __future__ import annotations

import os
import socket
import struct
from types import TracebackType

from nacl.bindings import crypto_box, crypto_box_open, randombytes

from pki.keys import CurveKey

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"CURVE".ljust(20, b"\0") + b"\0" + bytes(31)
_COMMAND, _LONG = 0x04, 0x02
_MORE, _INNER_COMMAND = 0x01, 0x02


class RawPeer:
    """One TCP connection."""

    def __init__(
        self,
        port: int,
        server_key: bytes,
        curve: CurveKey,
        *,
        socket_type: bytes = b"DEALER",
        identity: bytes = b"",
        timeout_s: float = 10.0,
    ) -> None:
        """Connect; nothing is sent yet."""
        self._server_key = server_key
        self._curve = curve
        self._short = CurveKey.generate()
        self._metadata = _property(b"Socket-Type", socket_type) + _property(b"Identity", identity)
        self._server_short = b""
        self._cookie = b""
        self._count = 0
        self._read_buffer = b""
        self.sock = socket.create_connection(("127.0.0.1", port), timeout_s)

    def __enter__(self) -> RawPeer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self.sock.close()

    # ------------------------------------------------------------- handshake

    def handshake(self) -> RawPeer:
        """Do all the steps, properly."""
        self.greet()
        self.hello()
        self.initiate()
        return self

    def greet(self) -> None:
        """Exchange greetings."""
        self.sock.sendall(GREETING)
        self._read(len(GREETING))

    def hello(self) -> None:
        """Send HELLO, take WELCOME."""
        nonce = self._nonce()
        box = crypto_box(bytes(64), b"CurveZMQHELLO---" + nonce, self._server_key, self._short.secret)
        self.command(b"\x05HELLO\x01\x00" + bytes(72) + self._short.public + nonce + box)
        welcome = self.frame()
        assert welcome.startswith(b"\x07WELCOME"), welcome[:20]
        plain = crypto_box_open(
            welcome[24:], b"WELCOME-" + welcome[8:24], self._server_key, self._short.secret
        )
        self._server_short, self._cookie = plain[:32], plain[32:]

    def initiate(self) -> None:
        """Send INITIATE, take READY (or ERROR, which raises)."""
        vouch_nonce = randombytes(16)
        vouch = crypto_box(
            self._short.public + self._server_key,
            b"VOUCH---" + vouch_nonce,
            self._server_short,
            self._curve.secret,
        )
        nonce = self._nonce()
        inner = self._curve.public + vouch_nonce + vouch + self._metadata
        box = crypto_box(inner, b"CurveZMQINITIATE" + nonce, self._server_short, self._short.secret)
        self.command(b"\x08INITIATE" + self._cookie + nonce + box)
        ready = self.frame()
        assert ready.startswith(b"\x05READY"), ready[:20]

    # -------------------------------------------------------------- messages

    def send(self, payload: bytes, *, more: bool = False, command: bool = False) -> None:
        """Send one frame of a message, encrypted."""
        self.sock.sendall(self.sealed(payload, more=more, command=command))

    def sealed(self, payload: bytes, *, more: bool = False, command: bool = False) -> bytes:
        """Return the bytes of one encrypted frame."""
        nonce = self._nonce()
        flags = (_MORE if more else 0) | (_INNER_COMMAND if command else 0)
        box = crypto_box(
            bytes([flags]) + payload, b"CurveZMQMESSAGEC" + nonce, self._server_short, self._short.secret
        )
        return _frame(b"\x07MESSAGE" + nonce + box, 0)

    def command(self, body: bytes) -> None:
        """Send a handshake command."""
        self.sock.sendall(_frame(body, _COMMAND))

    def frame(self) -> bytes:
        """Return the next frame's body as it came."""
        flags = self._read(1)[0]
        size = struct.unpack(">Q", self._read(8))[0] if flags & _LONG else self._read(1)[0]
        return self._read(size)

    def message(self) -> bytes:
        """Return the next message frame, decrypted."""
        body = self.frame()
        assert body.startswith(b"\x07MESSAGE"), body[:20]
        plain = crypto_box_open(
            body[16:], b"CurveZMQMESSAGES" + body[8:16], self._server_short, self._short.secret
        )
        return plain[1:]

    def closed_by_master(self, timeout_s: float) -> bool:
        """Say whether the other side hangs up within `timeout_s`."""
        self.sock.settimeout(timeout_s)
        try:
            while self.sock.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
        return True

    def _nonce(self) -> bytes:
        self._count += 1
        return struct.pack(">Q", self._count)

    def _read(self, size: int) -> bytes:
        while len(self._read_buffer) < size:
            data = self.sock.recv(65536)
            if not data:
                raise ConnectionResetError("the master hung up")
            self._read_buffer += data
        taken, self._read_buffer = self._read_buffer[:size], self._read_buffer[size:]
        return taken


def _frame(body: bytes, flags: int) -> bytes:
    if len(body) < 256:
        return bytes([flags, len(body)]) + body
    return bytes([flags | _LONG]) + struct.pack(">Q", len(body)) + body


def _property(name: bytes, value: bytes) -> bytes:
    return bytes([len(name)]) + name + struct.pack(">I", len(value)) + value


def garbage(size: int) -> bytes:
    """Return random bytes."""
    return os.urandom(size)
