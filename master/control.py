"""The control socket: local programs ask, the master answers and streams. See docs/protocol.md.

Who asks is what the kernel says (SO_PEERCRED), never what the request says. One request a connection. An
operation is looked up in a fixed table; operators-only ones are refused to anybody else before they are read.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import os
import socket
import struct
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any, Final

from master.acl import Acl, Caller
from master.conductor import Conductor, Performance, Progress
from master.events import EventBus
from master.intake import IntakeError, Order
from master.keyroom import KeyRoom
from master.outlet import stream
from master.receiving.uploads import RECV, Brought, Uploads, parcel_of
from master.runners.context import RunnerContext
from master.runners.directory import Directory
from master.runs import Silence
from master.writer import Writer
from shoal.errors import (
    ArgumentError,
    ConfigError,
    ShoalError,
    StoreError,
    TargetError,
    UnknownFunctionError,
    WireError,
)
from shoal.files.piece import Piece
from shoal.frames import FrameReader, pack
from shoal.functions.signature import bind
from shoal.messages import MAX_VALUES
from shoal.pillar.failure import PillarError
from shoal.progress import JobProgress
from shoal.returns import Return
from shoal.targets import Target
from shoal.wire import Fields, plain

log = logging.getLogger(__name__)

_MAX_REQUEST: Final = 1024 * 1024
_CREDENTIALS: Final = struct.Struct("3i")
_READ_S: Final = 30.0
_MAX_CONNECTIONS: Final = 200  # of an operator,
_MAX_OF_USER: Final = 20  # and of each other user: whoever holds theirs open keeps nobody else out
Answer = dict[str, Any]


class ControlServer:
    """See the module docstring."""

    def __init__(
        self,
        *,
        conductor: Conductor,
        acl: Acl,
        keys: KeyRoom,
        bus: EventBus,
        writer: Writer,
        uploads: Uploads,
        context: Callable[[Caller], RunnerContext],
    ) -> None:
        self._conductor = conductor
        self._acl = acl
        self._keys = keys
        self._bus = bus
        self._writer = writer
        self._uploads = uploads
        self._context = context
        self._directory = Directory()
        self._open: set[asyncio.Task[None]] = set()
        self._held: Counter[int] = Counter()  # connections by uid
        self._batches: set[asyncio.Task[None]] = set()
        self._server: asyncio.AbstractServer | None = None
        self._operations: dict[str, Callable[[Answer, Caller], AsyncGenerator[Answer, None]]] = {
            "run": self._run,
            "upload": self._upload,
            "preview": self._preview,
            "key": self._key,
            "runner": self._runner,
            "events": self._events,
        }

    async def start(self, path: Path) -> None:
        """Listen at `path`. Raises ConfigError when another master does."""
        _clear_stale(path)
        old = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._connected, str(path), backlog=128)
        finally:
            os.umask(old)
        if self._acl.has_rules:
            path.chmod(0o666)  # the kernel tells who it is; publisher_acl says what they may

    async def stop(self) -> None:
        """Close the socket and end what is being answered."""
        if self._server is not None:
            self._server.close()
        tasks = [*self._open, *self._batches]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        caller = _caller(writer)
        limit = _MAX_CONNECTIONS if caller.is_operator else _MAX_OF_USER
        self._open.add(task)
        self._held[caller.uid] += 1
        try:
            if self._held[caller.uid] > limit:
                writer.write(pack(_error("busy", f"{limit} programs of {caller.name} are connected already")))
            else:
                await self._serve(reader, writer, caller)
        except (ConnectionError, asyncio.TimeoutError):
            pass  # the program went away; its job goes on
        except asyncio.CancelledError:
            pass  # the master stops; asyncio's streams would log it as an error (Python 3.10, 3.11)
        finally:
            self._open.discard(task)
            self._held[caller.uid] -= 1
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, caller: Caller
    ) -> None:
        try:
            request = await asyncio.wait_for(_read_request(reader), _READ_S)
            operation = self._operations.get(str(request.get("op")))
            if operation is None:
                raise WireError(f"unknown operation {str(request.get('op'))[:40]!r}")
            gone = asyncio.ensure_future(reader.read(1))  # a program sends one request, then only closes
            try:
                await stream(_frames(operation(request, caller)), writer, gone)
            finally:
                gone.cancel()
        except (ConnectionError, asyncio.TimeoutError):
            raise
        except ShoalError as error:
            writer.write(pack(_error(_kind(error), str(error))))
            await writer.drain()
        except Exception as error:
            log.exception("a request failed", extra={"action": "control_failed"})
            writer.write(
                pack(_error("internal", f"internal error: {type(error).__name__}; see the master's log"))
            )
            await writer.drain()

    # ------------------------------------------------------------- operations

    async def _run(self, request: Answer, caller: Caller) -> AsyncGenerator[Answer, None]:
        order = Order.from_wire(request)
        brought = await self._brought(order, caller)
        performance = await self._conductor.begin(order, caller)
        self._uploads.grant(performance.jid, performance.targets, brought)
        yield {
            "event": "job",
            "jid": performance.jid,
            "fun": performance.fun,
            "targets": performance.targets,
            "missing": list(performance.missing),
            "hints": list(performance.hints),
            "from": caller.name,
        }
        if order.wait:
            async for item in performance:
                yield _item(item)
            if not performance.silent:
                self._uploads.done(performance.jid)
        elif order.batch is None:
            performance.publish_all()
        else:
            self._go_on(performance)
        yield {"done": _summary(performance)}

    async def _brought(self, order: Order, caller: Caller) -> Brought:
        """Return which uploaded contents an order hands out. Raises IntakeError, WireError, ReceivingError."""
        if order.fun != RECV:
            return ()
        self._acl.check_function(caller, RECV)
        digest, size = parcel_of(order.args)
        return await self._uploads.find(caller.uid, digest, size)

    async def _upload(self, request: Answer, caller: Caller) -> AsyncGenerator[Answer, None]:
        self._acl.check_function(caller, RECV)
        fields = Fields(request, "upload")
        fields.take("op", str)
        arrived = await self._uploads.take(
            caller.uid, Piece.from_fields(fields), all_of_it=caller.is_operator
        )
        yield {"done": arrived.to_wire()}

    def _go_on(self, performance: Performance) -> None:
        """Let a batch take its turns without a program that watches it."""
        task = asyncio.get_running_loop().create_task(performance.finish())
        self._batches.add(task)
        task.add_done_callback(self._batches.discard)

    async def _preview(self, request: Answer, caller: Caller) -> AsyncGenerator[Answer, None]:
        fields = Fields(request, "preview")
        fields.take("op", str)
        target = Target.from_wire(fields.take("target", dict))
        fields.done()
        self._acl.check_operator(caller, "preview")
        found = self._conductor.resolve(target)
        yield {"done": {"ids": list(found.ids), "missing": list(found.missing), "hints": list(found.hints)}}

    async def _key(self, request: Answer, caller: Caller) -> AsyncGenerator[Answer, None]:
        self._acl.check_operator(caller, "keys")
        yield {"done": await self._writer.patiently(self._keys.handle(request))}

    async def _runner(self, request: Answer, caller: Caller) -> AsyncGenerator[Answer, None]:
        fields = Fields(request, "runner")
        fields.take("op", str)
        name = fields.text("fun", 130)
        self._acl.check_operator(caller, name)
        args, kwargs = fields.take("args", list, []), fields.mapping("kwargs", 1000, {})
        from_text = fields.flag("from_text", False)
        fields.done()
        if name in ("sys.doc", "doc.runner"):
            docs = self._directory.docs(str(args[0]) if args else "")
            yield {"done": {"value": docs, "retcode": 0, "out": ""}}
            return
        runner = self._directory.get(name)
        positional, named = bind(runner, args, kwargs, from_text=from_text)
        ctx = self._context(caller)
        with ctx.at_work.entered(runner.name, caller.name, ctx.now()):
            value = runner.call(ctx, *positional, **named)
            if inspect.isawaitable(value):
                value = await self._writer.patiently(value)
        yield {"done": {"value": plain(value), "retcode": 0, "out": runner.out}}

    async def _events(self, request: Answer, caller: Caller) -> AsyncGenerator[Answer, None]:
        self._acl.check_operator(caller, "events")
        fields = Fields(request, "events")
        fields.take("op", str)
        subscription = self._bus.subscribe(fields.text("tag", 512, ""))
        fields.done()
        yield {"event": "subscribed"}
        missed = 0
        try:
            async for event in subscription:
                if subscription.missed != missed:
                    data = {"missed": subscription.missed - missed}
                    missed = subscription.missed
                    yield {"event": "event", "tag": "shoal/lagging", "time": event.time, "data": data}
                yield {"event": "event", **event.to_wire()}
        finally:
            self._bus.unsubscribe(subscription)


async def _frames(answers: AsyncGenerator[Answer, None]) -> AsyncGenerator[bytes, None]:
    async with contextlib.aclosing(answers):
        async for answer in answers:
            yield _packed(answer)


def _packed(answer: Answer) -> bytes:
    try:
        return pack(answer)
    except WireError as error:  # one value too large for a frame: say so in its place
        if "ret" in answer:
            return pack({**answer, "ret": f"[not shown: {error}; see shoal-run jobs.lookup_jid]"})
        return pack(_error("internal", f"the answer is too large to be shown: {error}"))


async def _read_request(reader: asyncio.StreamReader) -> Answer:
    frames = FrameReader(_MAX_REQUEST, MAX_VALUES)
    while True:
        data = await reader.read(65536)
        if not data:
            raise ConnectionResetError
        for message in frames.feed(data):
            return message


def _item(item: Return | Silence | JobProgress | Progress) -> Answer:
    if isinstance(item, Return):
        try:
            value = item.value()
        except WireError as error:
            value = f"[cannot be read: {error}]"
        return {
            "event": "return",
            "id": item.minion,
            "ret": value,
            "retcode": item.retcode,
            "outcome": item.outcome,
            "success": item.success,
            "out": item.out,
            "started": item.started,
            "duration_s": item.duration_s,
            "trimmed": item.trimmed,
        }
    if isinstance(item, Silence):
        return {
            "event": "silent",
            "id": item.minion,
            "why": item.why,
            "label": item.label,
            "text": item.text,
            "kept": item.kept,
        }
    if isinstance(item, JobProgress):
        return {"event": item.kind, "id": item.minion, "seq": item.seq, "text": item.text}
    return {
        "event": "progress",
        "waiting": list(item.waiting),
        "states": item.waiting,
        "running": item.running,
        "returned": item.returned,
        "total": item.total,
    }


def _summary(performance: Performance) -> Answer:
    return {
        "jid": performance.jid,
        "returned": performance.returned,
        "failed": performance.failed,
        "silent": performance.silent,
        "skipped": performance.skipped,
    }


def _kind(error: ShoalError) -> str:
    if isinstance(error, IntakeError):
        return error.kind
    if isinstance(error, TargetError):
        return "target"
    if isinstance(error, PillarError):
        return "render"
    if isinstance(error, (ArgumentError, UnknownFunctionError, WireError, ConfigError)):
        return "usage"
    return "store" if isinstance(error, StoreError) else "refused"


def _error(kind: str, text: str) -> Answer:
    return {"error": {"kind": kind, "text": text}}


def _caller(writer: asyncio.StreamWriter) -> Caller:
    sock: socket.socket = writer.get_extra_info("socket")
    raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, _gid = _CREDENTIALS.unpack(raw)
    return Caller(uid, pid)


def _clear_stale(path: Path) -> None:
    """Remove a socket nobody listens at; refuse to take over a living master's."""
    if not path.exists():
        return
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink()
            return
    raise ConfigError(f"another master listens at {path}; stop it first, or use another --root")
