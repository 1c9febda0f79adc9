"""`shoal-run`: values, exit codes, documentation and the stream of events."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.cli.conftest import Cli
from tests.unit.cli.fake_master import FakeMaster, Message, error


def value(value: Any, retcode: int = 0, out: str = "") -> Message:
    return {"done": {"value": value, "retcode": retcode, "out": out}}


VALUES: dict[str, tuple[list[str], Message, str, int]] = {
    "a map": (["jobs.active"], value({"j": {"b": 2, "a": 1}}),
        "j:\n    ----------\n    a:\n        1\n    b:\n        2\n", 0),
    "a list": (["manage.up"], value(["web1", "web2"]), "- web1\n- web2\n", 0),
    "text": (["token.create"], value("shoal:1:x"), "shoal:1:x\n", 0),
    "json": (["manage.up", "--out=json", "--out-indent=-1"], value(["a"]), '["a"]\n', 0),
    "its own look": (["x.y"], value(["a"], out="raw"), "['a']\n", 0),
    "a failure": (["jobs.exit_success", "1"], value("no", retcode=3), "no\n", 3),
    "a failure beyond what a shell sees": (["x.y"], value("no", retcode=1000), "no\n", 255),
    "a negative failure": (["x.y"], value("no", retcode=-9), "no\n", 1),
    "quiet": (["-q", "x.y"], value("no", retcode=2), "", 2),
}  # fmt: skip


@pytest.mark.parametrize(("words", "answer", "out", "code"), VALUES.values(), ids=VALUES.keys())
def test_value(cli: Cli, master: FakeMaster, words: list[str], answer: Message, out: str, code: int) -> None:
    master.says(answer)
    assert cli("shoal-run", *words) == (code, out, "")


def test_request_of_a_runner(cli: Cli, master: FakeMaster) -> None:
    master.says(value(None))
    cli("shoal-run", "jobs.list_jobs", "search_function=test.*", "3", "--", "-x")
    assert master.requests == [
        {
            "op": "runner", "fun": "jobs.list_jobs", "args": ["search_function=test.*", "3", "-x"], "kwargs": {},
            "from_text": True,
        }
    ]  # fmt: skip


def test_documentation(cli: Cli, master: FakeMaster) -> None:
    master.says(value({"jobs.active": "Show what runs.\n", "cache.grains": "Show grains."}))
    assert cli("shoal-run", "-d", "jobs") == (
        0, "cache.grains:\n\n    Show grains.\n\njobs.active:\n\n    Show what runs.\n\n", "",
    )  # fmt: skip
    assert (master.requests[0]["fun"], master.requests[0]["args"]) == ("sys.doc", ["jobs"])


def test_no_function(cli: Cli, master: FakeMaster) -> None:
    ran = cli("shoal-run")
    assert (ran.code, ran.out) == (64, "")
    assert ran.err.startswith("shoal-run: no function: shoal-run <module.function>")


def test_runner_is_refused(cli: Cli, master: FakeMaster) -> None:
    master.says(error("unknown", "no runner jobs.lst. Did you mean jobs.list_jobs?"))
    assert cli("shoal-run", "jobs.lst") == (
        1, "", "shoal-run: no runner jobs.lst. Did you mean jobs.list_jobs?\n",
    )  # fmt: skip


def happening(number: int, **data: Any) -> Message:
    return {"event": "event", "tag": f"shoal/x/{number}", "time": 1_790_000_000.25, "data": data}


STAMP = "2026-09-21T14:13:20.250000"


def test_events_are_lines(cli: Cli, master: FakeMaster) -> None:
    master.says(happening(1, b=1, a=[b"\xff"]), happening(2, _stamp="kept"), happening(3))
    ran = cli("shoal-run", "state.event", "shoal/x/*", "count=2")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        f'shoal/x/1\t{{"b": 1, "a": ["\\\\xff"], "_stamp": "{STAMP}"}}\nshoal/x/2\t{{"_stamp": "kept"}}\n'
    )
    assert master.requests == [{"op": "events", "tag": "shoal/x/*"}]


def test_pretty_events(cli: Cli, master: FakeMaster) -> None:
    master.says(happening(1, b=1))
    ran = cli("shoal-run", "state.event", "pretty=True", "count=1")
    tag, text = ran.out.split("\t")
    assert tag == "shoal/x/1"
    assert text == json.dumps({"_stamp": STAMP, "b": 1}, indent=4) + "\n"
    assert master.requests[0]["tag"] == "*"


def test_hostile_event_cannot_drive_the_terminal(cli: Cli, master: FakeMaster) -> None:
    master.says({"event": "event", "tag": "x\x1b[2J\n", "time": 1.0, "data": {"\x7f": "\x1b[31m\x9b"}})
    ran = cli("shoal-run", "state.event", "count=1")
    assert ran.out.count("\n") == 1
    assert not {"\x1b", "\x7f", "\x9b"} & set(ran.out)


def test_events_counted_quietly(cli: Cli, master: FakeMaster) -> None:
    master.says(happening(1), happening(2))
    assert cli("shoal-run", "state.event", "tagmatch=a", "count=2", "quiet=yes") == (0, "", "")
    assert master.requests[0]["tag"] == "a"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["pretty=maybe"], "pretty is True or False, not 'maybe'"),
        (["count=few"], "count is a whole number, not 'few'"),
        (["a", "b"], "'b' is not known; it takes [TAG] [pretty=True] [count=N]"),
    ],
)
def test_event_words_are_refused(cli: Cli, master: FakeMaster, words: list[str], text: str) -> None:
    assert cli("shoal-run", "state.event", *words) == (64, "", f"shoal-run: state.event: {text}\n")
