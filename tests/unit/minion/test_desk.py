"""The desk's socket: one question at a time, dropped with its connection, passed on to the master as it is."""

from __future__ import annotations

import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from minion.desk.desk import Desk
from minion.desk.facts_clerk import FactsClerk
from minion.desk.master_clerk import MasterClerk
from minion.desk.pillar_clerk import PillarClerk
from minion.loop import Loop
from minion.questions import Questions
from shoal.answer import DataAnswer, refusal
from shoal.clock import FakeClock
from shoal.frames import FrameReader, pack


class Office:
    """A desk whose master the test plays, and a job that asks."""

    def __init__(self, folder: Path) -> None:
        self.loop = Loop(FakeClock())
        self.said: list[tuple[str, dict[str, Any]]] = []
        self.jobs: list[Job] = []
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.questions = Questions(self.loop, self._send)
        clerk = MasterClerk(self.questions, lambda tag, data: self.events.append((tag, data)))
        self.path = folder / "minion.sock"
        self.desk = Desk(self.loop, self.path, clerk.clerks())
        self.questions.connected()

    def _send(self, verb: str, body: Any) -> bool:
        self.said.append((verb, body))
        return True

    def connect(self) -> Job:
        self.jobs.append(Job(self))
        return self.jobs[-1]

    def settle(self) -> None:
        for _ in range(5):
            self.loop.run_once(0)


class Job:
    def __init__(self, office: Office) -> None:
        self._office = office
        self._reader = FrameReader()
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(office.path))
        self.sock.setblocking(False)

    def ask(self, **question: Any) -> None:
        self.sock.sendall(pack(question))
        self._office.settle()

    def heard(self) -> list[dict[str, Any]] | None:
        """Return the answers that came, None when the daemon has hung up."""
        self._office.settle()
        try:
            data = self.sock.recv(1 << 20)
        except BlockingIOError:
            return []
        return list(self._reader.feed(data)) if data else None


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    for job in made.jobs:
        job.sock.close()
    made.desk.close()


def facts_of(job: Job) -> dict[str, Any]:
    (answer,) = job.heard() or []
    assert answer.keys() == {"error", "grains", "tags", "pillar", "last"}
    assert (answer["grains"], answer["pillar"]) == ({"id": "web-1"}, b"\x80")
    return answer


def test_facts_are_those_of_now(office: Office, tmp_path: Path) -> None:
    tags = {"site": "paris"}
    path = tmp_path / "facts.sock"
    desk = Desk(office.loop, path, FactsClerk(lambda: ({"id": "web-1"}, tags, b"\x80")).clerks())
    office.path = path
    job = office.connect()
    job.ask(op="facts")
    assert facts_of(job)["tags"] == {"site": "paris"}
    tags["site"] = "rome"
    job.ask(op="facts")
    assert facts_of(job)["tags"] == {"site": "rome"}
    job.ask(op="facts", more=1)
    assert job.heard() is None
    desk.close()


def test_socket_is_for_the_minions_own_user_only(office: Office) -> None:
    assert stat.S_IMODE(office.path.stat().st_mode) == 0o600


def test_question_goes_to_the_master_and_its_pieces_to_who_asked(office: Office) -> None:
    job = office.connect()
    job.ask(op="ask", verb="mine", body={"op": "get", "n": 99})
    ((verb, body),) = office.said
    assert (verb, body["op"]) == ("mine", "get")
    assert body["n"] != 99
    for data, last in ((b"one", False), (b"two", True)):
        office.questions.answered(DataAnswer(n=body["n"], data=data, last=last))
    heard = job.heard()
    assert heard is not None
    assert [(each["data"], each["last"]) for each in heard] == [(b"one", False), (b"two", True)]


def test_answer_that_broke_off_is_asked_for_again_from_its_beginning(office: Office) -> None:
    job = office.connect()
    job.ask(op="ask", verb="mine", body={})
    office.questions.answered(DataAnswer(n=office.said[0][1]["n"], data=b"half", last=False))
    office.questions.disconnected()
    office.questions.connected()
    office.questions.answered(DataAnswer(n=office.said[1][1]["n"], data=b"whole"))
    heard = job.heard()
    assert heard is not None
    assert [(each["data"], each["again"]) for each in heard] == [
        (b"half", False),
        (b"", True),
        (b"whole", False),
    ]


def test_refusal_is_told(office: Office) -> None:
    job = office.connect()
    job.ask(op="ask", verb="push", body={})
    office.questions.answered(refusal(office.said[0][1]["n"], "not here"))
    heard = job.heard()
    assert heard is not None
    assert heard[0]["error"] == "not here"


def test_question_ends_with_its_connection(office: Office) -> None:
    job = office.connect()
    job.ask(op="ask", verb="mine", body={})
    job.sock.close()
    office.settle()
    office.questions.disconnected()
    office.questions.connected()
    assert len(office.said) == 1


def test_event_is_sent_on(office: Office) -> None:
    job = office.connect()
    job.ask(op="event", tag="door/open", data={"by": "me"})
    assert office.events == [("door/open", {"by": "me"})]
    assert job.heard() == [{"error": "", "last": True}]


@pytest.mark.parametrize(
    "question",
    [
        {"op": "ask", "verb": "return", "body": {}},
        {"op": "ask", "verb": "hello", "body": {}},
        {"op": "ask", "verb": "pillar", "body": {}},
        {"op": "ask", "verb": "mine"},
        {"op": "ask", "verb": "mine", "body": {}, "id": "web2"},
        {"op": "shutdown"},
        {"op": 5},
        {},
    ],
)
def test_what_is_no_question_for_jobs_ends_the_connection(office: Office, question: dict[str, Any]) -> None:
    job = office.connect()
    job.ask(**question)
    assert job.heard() is None
    assert office.said == []


@pytest.mark.parametrize(
    "question",
    [{"op": "pillar", "pillarenv": "../x"}, {"op": "pillar"}, {"op": "pillar", "pillarenv": "", "id": "web2"},
     {"op": "refresh_pillar", "pillarenv": ""}],
)  # fmt: skip
def test_question_about_pillar_that_is_none_ends_the_connection(
    office: Office, tmp_path: Path, question: dict[str, Any]
) -> None:
    path = tmp_path / "pillar.sock"
    keeper: Any = None  # is not asked
    desk = Desk(office.loop, path, PillarClerk(keeper).clerks())
    office.path = path
    job = office.connect()
    job.ask(**question)
    assert job.heard() is None
    desk.close()
