"""What the same sockets cost with nothing of Shoal's around them: `python -m tests.benchmarks.floor_process`.

Driven by `case_floor`. One process is the master: XPUB in manual mode, ROUTER, CURVE, ZAP, msgpack, everything drained
in batches, one batched insert into SQLite for each ping. The others are full of minions: SUB and DEALER each, which
answer without looking. No signatures, sessions, quotas, roster, loss, or memory of anything.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgpack
import zmq

from minion.loop import Loop
from shoal.pump import Pump
from tests.benchmarks.gauge import cpu_s
from tests.benchmarks.swarm_process import raise_file_limit

_NOWAIT: Final = int(zmq.NOBLOCK)
_MORE: Final = int(zmq.NOBLOCK) | int(zmq.SNDMORE)
_SHARE: Final = 200  # minions in one context
_ROW: Final = "INSERT INTO returns VALUES (?, ?, ?, ?)"


class BareMaster:
    """Counts and stores what comes."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._loop = Loop()
        self._count = plan["count"]
        context = zmq.Context(io_threads=1)
        context.set(zmq.MAX_SOCKETS, 64)
        self._zap = context.socket(zmq.ROUTER)
        self._zap.bind("inproc://zeromq.zap.01")
        public, secret = zmq.curve_keypair()
        self._xpub = _server(context, zmq.XPUB, secret)
        self._xpub.setsockopt(zmq.XPUB_MANUAL, 1)
        self._router = _server(context, zmq.ROUTER, secret)
        self.place = {
            "key": public.decode(),
            "publish": self._xpub.getsockopt(zmq.LAST_ENDPOINT).decode().strip("\0"),
            "request": self._router.getsockopt(zmq.LAST_ENDPOINT).decode().strip("\0"),
        }
        self._subscribed = 0
        self._rows: list[tuple[bytes, str, str, bytes]] = []
        self._database = sqlite3.connect(str(Path(plan["folder"]) / "floor.db"), isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.execute("CREATE TABLE returns (jid, minion, fun, packed, PRIMARY KEY (jid, minion))")
        pairs: list[tuple[Any, Callable[[], bool]]] = [
            (self._zap, self._admit), (self._xpub, self._grant), (self._router, self._receive),
        ]  # fmt: skip
        self._pumps = [Pump(self._loop, int(socket.getsockopt(zmq.FD)), read) for socket, read in pairs]

    def wait(self) -> dict[str, Any]:
        """Wait until everybody has subscribed."""
        while self._subscribed < self._count:
            self._loop.run_once(0.1)
        return {}

    def ping(self) -> dict[str, Any]:
        """Publish once, and store every answer in one transaction."""
        before, started = cpu_s([os.getpid()]), time.perf_counter()
        frame = msgpack.packb({"jid": f"{time.time_ns():020d}", "fun": "test.ping", "args": [], "kwargs": {}})
        self._xpub.send(b"all", _MORE)
        self._xpub.send(frame, _NOWAIT)
        self._pumps[1].kick()
        while len(self._rows) < self._count:
            self._loop.run_once(0.1)
        self._database.execute("BEGIN")
        self._database.executemany(_ROW, self._rows)
        self._database.execute("COMMIT")
        self._rows.clear()
        return {"seconds": time.perf_counter() - started, "cpu_s": cpu_s([os.getpid()]) - before}

    def _admit(self) -> bool:
        while True:
            try:
                route, _, version, number, *_, key = self._zap.recv_multipart(_NOWAIT)
            except zmq.Again:
                return False
            self._zap.send_multipart([route, b"", version, number, b"200", b"OK", key.hex().encode(), b""])

    def _grant(self) -> bool:
        while True:
            try:
                message = self._xpub.recv(_NOWAIT)
            except zmq.Again:
                return False
            if message[:1] == b"\1":
                self._xpub.setsockopt(zmq.SUBSCRIBE, message[1:])
                self._subscribed += 1

    def _receive(self) -> bool:
        receive = self._router.recv
        while True:
            try:
                receive(_NOWAIT)
            except zmq.Again:
                return False
            message = receive(_NOWAIT, copy=False)
            peer = message.get("User-Id")
            _version, _verb, body = msgpack.unpackb(message.bytes, raw=False)
            self._rows.append((body["jid"], peer, body["fun"], body["packed"]))


class BareMinions:
    """Answer True to whatever is published."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._loop = Loop()
        self._keep: list[Any] = []
        for number in range(plan["count"]):
            if number % _SHARE == 0:
                context = zmq.Context(io_threads=1)
                context.set(zmq.MAX_SOCKETS, _SHARE * 4)
                self._keep.append(context)
            self._open(context, plan)

    def run(self) -> None:
        """Answer until stdin ends."""
        self._loop.watch(0, self._loop.stop)
        self._loop.run()
        os._exit(0)  # a thousand sockets need not be closed one by one

    def _open(self, context: zmq.Context[Any], plan: dict[str, Any]) -> None:
        public, secret = zmq.curve_keypair()
        dealer, sub = context.socket(zmq.DEALER), context.socket(zmq.SUB)
        for socket in (dealer, sub):
            socket.curve_serverkey, socket.curve_publickey, socket.curve_secretkey = (
                plan["key"].encode(), public, secret,
            )  # fmt: skip
        sub.subscribe(b"all")
        dealer.connect(plan["request"])
        sub.connect(plan["publish"])

        def answer() -> bool:
            while True:
                try:
                    _topic, frame = sub.recv_multipart(_NOWAIT)
                except zmq.Again:
                    return False
                job = msgpack.unpackb(frame)
                body = {"jid": job["jid"], "fun": job["fun"], "outcome": "done", "retcode": 0, "packed": b"\xc3",
                        "started": 0.0, "duration_s": 0.0, "trimmed": 0, "out": ""}  # fmt: skip
                dealer.send(msgpack.packb([1, "return", body]), _NOWAIT)

        self._keep += [dealer, sub, Pump(self._loop, int(sub.getsockopt(zmq.FD)), answer)]


def _server(context: zmq.Context[Any], kind: int, secret: bytes) -> Any:
    socket = context.socket(kind)
    socket.curve_secretkey, socket.curve_server = secret, True
    socket.setsockopt(zmq.BACKLOG, 4096)
    socket.setsockopt(zmq.RCVHWM, 0)
    socket.bind("tcp://127.0.0.1:*")
    return socket


def main() -> None:
    """Read a plan, and be a master or minions."""
    raise_file_limit()
    plan = json.loads(sys.stdin.buffer.raw.readline())  # type: ignore[attr-defined]
    if plan["role"] == "minions":
        minions = BareMinions(plan)
        print("{}", flush=True)
        minions.run()
    master = BareMaster(plan)
    print(json.dumps(master.place), flush=True)
    for line in iter(sys.stdin.readline, ""):
        print(json.dumps(getattr(master, json.loads(line)["do"])()), flush=True)


if __name__ == "__main__":
    main()
