"""`module`, `event` and `http`: states that ask and tell. Texts as Salt 3008.3 says them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.unit.modules.conftest import FakeMaster
from tests.unit.states.trial import Box, context


@pytest.fixture
def master() -> FakeMaster:
    return FakeMaster()


@pytest.fixture
def box(tmp_path: Path, master: FakeMaster) -> Box:
    return Box(tmp_path, context(master=master))


CALLED: list[tuple[str, dict[str, Any], bool, str, dict[str, Any], str]] = [
    (
        "it", {"test.echo": ["hi"]},
        True, "Function test.echo to be executed.", {"test.echo": "hi"}, "test.echo: hi",
    ),
    (
        "it", {"test.echo": [{"text": "a=b"}], "test.ping": None},
        True, "Functions test.echo, test.ping to be executed.",
        {"test.echo": "a=b", "test.ping": True}, "test.echo: a=b, test.ping: True",
    ),
    (
        "it", {"test.echo": ["text=b"]},
        True, "Function test.echo to be executed.", {"test.echo": "text=b"}, "test.echo: text=b",
    ),
    (
        "it", {"test.arg": [1, "a", {"b": 2}]},
        True, "Function test.arg to be executed.",
        {"test.arg": {"args": [1, "a"], "kwargs": {"b": 2}}}, "test.arg: Success",
    ),
    (
        "it", {"cmd.retcode": ["false"]},
        True, "Function cmd.retcode to be executed.", {"cmd.retcode": 1}, "cmd.retcode: 1",
    ),
    (
        "test.echo", {"m_text": "hi"},
        True, "Module function test.echo is set to execute", {"ret": "hi"}, "Module function test.echo executed",
    ),
    (
        "test.echo", {"args": ["hi"]},
        True, "Module function test.echo is set to execute", {"ret": "hi"}, "Module function test.echo executed",
    ),
    ("it", {"test.false": None}, False, "Function test.false to be executed.", {}, "'test.false': False"),
    (
        "it", {"cmd.run_all": ["false"]},
        False, "Function cmd.run_all to be executed.", {}, "'cmd.run_all' failed: (error message N/A)",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "args", "result", "would", "changes", "did"), CALLED)
def test_functions_are_called(
    box: Box, name: str, args: dict[str, Any], result: bool, would: str, changes: dict[str, Any], did: str
) -> None:
    trial = box.run("module.run", name, test=True, **args)
    assert (trial.result, trial.comment) == (None, would)
    outcome = box.run("module.run", name, **args)
    assert (outcome.result, outcome.changes, outcome.comment) == (result, changes, did)


@pytest.mark.parametrize(
    ("name", "args", "comment"),
    [
        ("it", {"nosuch.fun": []}, "Unavailable function: nosuch.fun."),
        ("it", {}, "Module function it is not available"),
        ("it", {"test.echo": None}, "'text' is missing"),
        ("it", {"test.echo": ["hi"], "returner": "local"}, "'returner' is no function"),
        ("test.echo", {"args": "hi"}, "args is a list, kwargs a map"),
    ],
)
def test_call_that_cannot_be_is_told_by_a_trial_too(
    box: Box, name: str, args: dict[str, Any], comment: str
) -> None:
    for test in (True, False):
        outcome = box.run("module.run", name, test=test, **args)
        assert outcome.result is False
        assert comment in outcome.comment


def test_functions_that_wait_are_called_for_what_they_watch(box: Box) -> None:
    assert box.run("module.wait", **{"test.ping": None}).changes == {}
    assert box.run("module.wait", changed=["x"], **{"test.ping": None}).changes == {"test.ping": True}


def test_event_is_sent(box: Box, master: FakeMaster) -> None:
    trial = box.run("event.send", "my/tag", test=True, data={"a": 1})
    assert (trial.result, trial.comment, master.told) == (None, "Event would have been fired", [])
    outcome = box.run("event.send", "my/tag", data={"a": 1})
    assert (outcome.result, outcome.comment) == (True, "Event fired")
    assert outcome.changes == trial.changes == {"tag": "my/tag", "data": {"a": 1}}
    assert box.run("event.wait", "more").changes == {}
    box.run("event.wait", "more", changed=["x"])
    assert master.told == [("my/tag", {"a": 1}), ("more", {})]


class Handler(BaseHTTPRequestHandler):
    """Says that all is well, but at /x."""

    def do_GET(self) -> None:
        self.send_response(404 if self.path == "/x" else 200)
        self.end_headers()
        self.wfile.write(b"status: Nope" if self.path == "/x" else b"status: up")

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "args", "result", "comment"),
    [
        ("/", {"status": 200, "match": "up"}, True, 'Match text "up" was found. Status 200 was found.'),
        ("/", {"status": 201}, False, "Status 201 was not found."),
        ("/", {"status": [200, 201]}, True, "Status [200, 201] was found."),
        ("/", {"match": "u.", "match_type": "pcre"}, True, 'Match pattern "u." was found.'),
        ("/", {"match": "u."}, False, 'Match text "u." was not found.'),
        ("/x", {"status": "4..", "status_type": "pcre"}, True, "Status pattern 4.. was found."),
        ("/x", {"match": "Nope", "status": 404}, True, 'Match text "Nope" was found. Status 404 was found.'),
    ],
)
def test_answer_is_looked_at(
    box: Box, server: str, path: str, args: dict[str, Any], result: bool, comment: str
) -> None:
    outcome = box.run("http.query", server + path, **args)
    assert (outcome.result, outcome.changes, outcome.comment) == (result, {}, comment)
    box.undo()


def test_trial_does_not_ask(box: Box) -> None:
    trial = box.run("http.query", "http://127.0.0.1:9/", test=True, status=200)
    assert (trial.result, trial.comment) == (None, "http://127.0.0.1:9/ would be asked")


def test_server_that_is_not_there_is_told(box: Box) -> None:
    outcome = box.run("http.query", "http://127.0.0.1:9/", status=200)
    assert outcome.result is False
    assert outcome.comment.startswith("Status 200 was not found. ")


def test_question_without_a_wish_is_refused(box: Box) -> None:
    outcome = box.run("http.query", "http://127.0.0.1:9/")
    assert outcome.comment == " Either match text (match) or a status code (status) is required."
    assert (
        "is no regular expression"
        in box.run("http.query", "http://127.0.0.1:9/", match="(", match_type="pcre").comment
    )


def test_request_that_may_change_something_has_no_way_back(box: Box) -> None:
    (step,) = box.plan("http.query", "http://127.0.0.1:9/", status=200, method="POST").steps
    assert step.undo is None
    assert step.final
