"""Back to the first master of the document: looked for now and then, and only left for it when it is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from minion.endpoints import Endpoints
from minion.failback import Failback, tcp_probe
from minion.loop import Loop
from shoal.clock import FakeClock
from shoal.transport import Endpoint

INTERVAL_S = 600.0


def place(name: str) -> Endpoint:
    return Endpoint(host=name, publish_port=1, request_port=2, curve_key=name.encode() * 8)


@dataclass
class Entry:
    name: str
    publish_port: int = 1
    request_port: int = 2

    @property
    def addresses(self) -> tuple[str, ...]:
        return (self.name,)

    def curve_keys(self) -> tuple[bytes, ...]:
        return (self.name.encode() * 8,)


@dataclass
class Document:
    masters: tuple[Entry, ...]


@dataclass
class Stage:
    at: str = "b"
    jobs: int = 0
    probes: list[Callable[[bool], None]] = field(default_factory=list)
    went: int = 0

    def __post_init__(self) -> None:
        self.clock = FakeClock()
        self.loop = Loop(self.clock)
        self.endpoints = Endpoints([place(self.at)])
        self.endpoints.worked()
        document: Any = Document((Entry("a"), Entry("b")))
        self.endpoints.use(document)
        self.failback = Failback(
            loop=self.loop,
            random=Random(1),
            endpoints=self.endpoints,
            interval_s=INTERVAL_S,
            probe=lambda _place, found: self.probes.append(found),
            idle=lambda: not self.jobs,
            go=self.go,
        )
        self.failback.start()

    def go(self) -> None:
        self.went += 1

    def wait(self) -> None:
        self.clock.advance(INTERVAL_S * 1.6)
        self.loop.run_once(0)


def test_goes_back_when_the_first_master_is_there() -> None:
    stage = Stage()
    stage.wait()
    stage.probes[0](True)
    assert (stage.went, stage.endpoints.current().host) == (1, "a")


def test_stays_and_looks_again_while_it_is_not() -> None:
    stage = Stage()
    for number in range(3):
        stage.wait()
        assert len(stage.probes) == number + 1
        stage.probes[-1](False)
    assert (stage.went, stage.endpoints.current().host) == (0, "b")


def test_looks_for_nothing_at_the_first_master() -> None:
    stage = Stage(at="a")
    stage.wait()
    assert stage.probes == []


def test_does_not_leave_while_a_job_runs() -> None:
    stage = Stage(jobs=1)
    stage.wait()
    assert stage.probes == []
    stage.jobs = 0
    stage.wait()
    stage.jobs = 1
    stage.probes[0](True)
    assert stage.went == 0


def test_answer_that_comes_when_the_connection_is_gone_is_let_go() -> None:
    stage = Stage()
    stage.wait()
    stage.failback.stop()
    stage.probes[0](True)
    assert stage.went == 0


@pytest.mark.parametrize("open_", [True, False])
def test_probe_says_whether_somebody_listens(open_: bool) -> None:
    import socket

    loop, found = Loop(), []
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if open_:
            listener.listen()
        where = Endpoint(
            host="127.0.0.1", publish_port=1, request_port=listener.getsockname()[1], curve_key=b"k"
        )
        tcp_probe(loop)(where, found.append)
        while not found:
            loop.run_once(0.05)
    assert found == [open_]
