"""A wire that a test holds in its hand: TCP forwarded from one address to another, well or badly.

    with Proxy(fleet.publish_port, fleet.request_port) as wire:      # 127.0.0.2 -> 127.0.0.1, the same ports
        fleet.start_master(advertise=[wire.host])
        wire.stall()

Every connection takes over the state of the wire when it begins; `stall`, `forget` and `cut` reach those that exist.

    forward     the start: as it comes, after `delay_s` and at no more than `bytes_per_s` in each direction
    stall       half-open: connections stay, or are accepted, and nothing goes on, not even that they end.
                `forward` is for new ones; a stalled one stays so until its ends give up, as behind a NAT
                that has forgotten it
    cut         what exists is reset
    refuse      new connections are reset
    forget      what exists is stalled, and what is new is not

All bytes are kept, for each connection apart, if `record=True`. One thread with its own event loop does the
work; every method may be called from the test's.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, TypeVar

Result = TypeVar("Result")

_CHUNK: Final = 16 * 1024
_QUEUE: Final = 16  # chunks under way in one direction
_RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER: close sends RST
_WAIT_S: Final = 10.0


class Connection:
    """One connection through the wire. `to_server` and `to_client` are what was forwarded, if it is recorded."""

    def __init__(self, port: int, client: socket.socket, *, stalled: bool) -> None:
        self.port = port
        self.stalled = stalled
        self.open = True
        self.to_server = bytearray()
        self.to_client = bytearray()
        self.client = client
        self.server: socket.socket | None = None
        self.task: asyncio.Task[None] | None = None

    def close(self, *, reset: bool) -> None:
        """Close both ends."""
        self.open = False
        for end in (self.client, self.server):
            if end is not None:
                if reset:
                    with suppress(OSError):  # it is closed
                        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                end.close()


class Proxy:
    """See the module docstring."""

    def __init__(
        self, *ports: int, host: str = "127.0.0.2", to: str = "127.0.0.1", record: bool = False
    ) -> None:
        self.host = host
        self.to = to
        self.delay_s = 0.0
        self.bytes_per_s = 0.0  # 0: no limit
        self.connections: list[Connection] = []
        self._record = record
        self._state = "forward"
        self._loop = asyncio.new_event_loop()
        self._listeners = [(port, _listener(host, port)) for port in ports]
        self._tasks: list[asyncio.Task[None]] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self._do(self._start)

    def __enter__(self) -> Proxy:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ------------------------------------------------------------ what to do

    def forward(self) -> None:
        """Let new connections through."""
        self._do(lambda: self._turn("forward"))

    def stall(self) -> None:
        """Let nothing through any more, neither on connections that exist nor on new ones."""
        self._do(lambda: self._turn("stall"))

    def forget(self) -> None:
        """Let nothing through on connections that exist; new ones are as before."""
        self._do(self._stall_open)

    def refuse(self) -> None:
        """Reset new connections."""
        self._do(lambda: self._turn("refuse"))

    def cut(self) -> None:
        """Reset the connections that exist."""
        self._do(self._cut)

    def open(self, port: int = 0) -> list[Connection]:
        """Return the connections that exist (of one port)."""
        return [each for each in list(self.connections) if each.open and port in (0, each.port)]

    def close(self) -> None:
        """End everything."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(_WAIT_S)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_WAIT_S)
            self._loop.close()

    # -------------------------------------------------------- in the thread

    def _do(self, action: Callable[[], Result]) -> Result:
        async def call() -> Result:
            return action()

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(_WAIT_S)

    def _start(self) -> None:
        self._tasks = [self._loop.create_task(self._accept(port, sock)) for port, sock in self._listeners]

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for _, listener in self._listeners:
            listener.close()
        under_way = [each.task for each in self.connections if each.task is not None]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    def _turn(self, state: str) -> None:
        self._state = state
        if state == "stall":
            self._stall_open()

    def _stall_open(self) -> None:
        for each in self.open():
            each.stalled = True

    def _cut(self) -> None:
        for each in self.open():
            each.close(reset=True)
            if each.task is not None:
                each.task.cancel()

    async def _accept(self, port: int, listener: socket.socket) -> None:
        while True:
            client, _ = await self._loop.sock_accept(listener)
            client.setblocking(False)
            connection = Connection(port, client, stalled=self._state == "stall")
            if self._state == "refuse":
                connection.close(reset=True)
                continue
            self.connections.append(connection)
            connection.task = self._loop.create_task(self._serve(connection))

    async def _serve(self, connection: Connection) -> None:
        try:
            if connection.stalled:
                await self._swallow(connection.client)
                return
            connection.server = server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            server.setblocking(False)
            await self._loop.sock_connect(server, (self.to, connection.port))
            await asyncio.gather(
                self._pass_on(connection, connection.client, server, connection.to_server),
                self._pass_on(connection, server, connection.client, connection.to_client),
            )
        except OSError:
            connection.close(reset=True)  # the other end is gone, or was never there
        finally:
            connection.close(reset=False)

    async def _pass_on(
        self, connection: Connection, source: socket.socket, target: socket.socket, kept: bytearray
    ) -> None:
        """Carry one direction. When it ends, so does the other end; on a stalled connection nobody is told."""
        loop = self._loop
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_QUEUE)
        carrier = loop.create_task(self._carry(connection, queue, target, kept))
        try:
            while True:
                with suppress(ConnectionError):
                    if data := await loop.sock_recv(source, _CHUNK):
                        await queue.put((loop.time() + self.delay_s, data))
                        continue
                break
            await queue.put((loop.time() + self.delay_s, b""))
            await carrier
        finally:
            carrier.cancel()

    async def _carry(
        self,
        connection: Connection,
        queue: asyncio.Queue[tuple[float, bytes]],
        target: socket.socket,
        kept: bytearray,
    ) -> None:
        loop = self._loop
        while True:
            due, data = await queue.get()
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            if connection.stalled:
                if not data:
                    return
                continue
            if not data:
                with suppress(OSError):  # it is gone already
                    target.shutdown(socket.SHUT_WR)
                return
            if self._record:
                kept += data
            await loop.sock_sendall(target, data)
            if self.bytes_per_s:
                await asyncio.sleep(len(data) / self.bytes_per_s)

    async def _swallow(self, source: socket.socket) -> None:
        with suppress(ConnectionError):
            while await self._loop.sock_recv(source, _CHUNK):
                pass


def _listener(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(1024)
    listener.setblocking(False)
    return listener
