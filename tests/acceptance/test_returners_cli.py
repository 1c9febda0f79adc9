"""Returners of a real master: `--return`, receivers that are down, slow, refuse; kill -9; secrets (attacks 29, 34)."""

from __future__ import annotations

import hashlib
import hmac
import json
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.fleet import Fleet, free_ports, short_folder, until
from tests.web_receiver import web_receiver

BOXES: Final = ("box-1", "box-2")
KEY: Final = "key-of-the-signature"
TOKEN: Final = "token-in-the-url"
JOBS: Final = 10
PROMPT_S: Final = 5.0  # for a job to go out and its returns to be shown, whatever a receiver does


class Place:
    """A fleet, and where its returners lead."""

    def __init__(self, fleet: Fleet, port: int) -> None:
        self.fleet = fleet
        self.port = port  # of the web receiver, which a test starts

    def lines(self, name: str) -> list[dict[str, Any]]:
        """Return what a jsonl returner has written."""
        path = self.fleet.folder / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def run(self, *words: str) -> str:
        """Run a job on all and return its jid."""
        done = self.fleet.shoal("*", "test.echo", *words, "--out=json", "--static", check=True)
        assert set(json.loads(done.stdout)) == set(BOXES)
        return str(next(iter(self.fleet.ask("jobs.list_jobs", "limit=1"))))

    def status(self, name: str = "hook") -> dict[str, Any]:
        return dict(self.fleet.ask("returner.status", name)[name])

    def drained(self) -> bool:
        return self.status()["queued"] == 0


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """A master with three returners: `file`, `hook`, and `all`, which gets every return."""
    with short_folder() as folder, Fleet(folder) as fleet:
        folder.chmod(0o700)
        (folder / "key").write_text(KEY)
        (folder / "key").chmod(0o600)
        port = free_ports(3)[2]
        hook = {
            "type": "webhook", "url": f"http://127.0.0.1:{port}/shoal?token={TOKEN}", "secret_file": f"{folder}/key",
            "allow_local": True, "retry_max_s": 0.3, "timeout_s": 2, "tries_max": 10**6,
        }  # fmt: skip
        fleet.start_master(
            returners={
                "file": {"type": "jsonl", "path": f"{folder}/file.jsonl", "send_arguments": True},
                "hook": hook,
                "all": {"type": "jsonl", "path": f"{folder}/all.jsonl"},
                "lan": {**hook, "allow_local": False},
                "copies": {"type": "sql", "url": f"sqlite:///{folder}/copies.db"},
            },
            default_returners=["all"],
        )
        for box in BOXES:
            fleet.join(box)
        yield Place(fleet, port)


def once(returns: list[dict[str, Any]], jid: str) -> bool:
    """Say whether each box's answer is there once."""
    return Counter(each["id"] for each in returns if each["jid"] == jid) == Counter(BOXES)


def test_job_goes_to_the_returners_it_names_and_to_the_default_one(place: Place) -> None:
    with web_receiver(place.port) as web:
        named = place.run("one", "--return", "file,hook,copies")
        other = place.run("two")
        until("the web service to have it", lambda: once(web.taken(), named))
        until("the file to have it", lambda: once(place.lines("file.jsonl"), named))
        until("both to be in the file of all", lambda: len(place.lines("all.jsonl")) >= 4)
    assert once(place.lines("all.jsonl"), named)
    assert once(place.lines("all.jsonl"), other)
    assert {each["jid"] for each in place.lines("file.jsonl")} == {named}
    told = next(each for each in place.lines("file.jsonl") if each["id"] == "box-1")
    assert (told["fun"], told["fun_args"], told["return"], told["success"]) == (
        "test.echo",
        ["one"],
        "one",
        True,
    )
    assert "fun_args" not in place.lines("all.jsonl")[0]
    until("the database to have it", lambda: place.status("copies")["delivered"] == 2)
    posted = web.posted[0]
    signed = posted.headers["x-shoal-timestamp"].encode() + b"." + posted.body
    made = hmac.new(KEY.encode(), signed, hashlib.sha256).hexdigest()
    assert posted.headers["x-shoal-signature"] == f"sha256={made}"


def test_returner_that_is_not_there_is_refused_with_the_near_name(place: Place) -> None:
    done = place.fleet.shoal("*", "test.ping", "--return", "file,hoook")
    assert (done.returncode, done.stdout) == (64, "")
    assert done.stderr == "shoal: no returner is called 'hoook'. Did you mean 'hook'?\n"


def test_runners_tell_of_returners(place: Place) -> None:
    listed = place.fleet.runner("returner.list")
    assert listed["all"] == {"type": "jsonl", "default": True}
    assert listed["hook"] == {"type": "webhook", "default": False}
    assert place.fleet.runner("returner.check", "copies") is True
    done = place.fleet.program("shoal-run", "returner.check", "hook", check=False)
    assert done.returncode != 0
    assert done.stderr == f"shoal-run: 127.0.0.1 port {place.port}: Connection refused\n"
    done = place.fleet.program("shoal-run", "returner.status", "hok", check=False)
    assert "no returner is called 'hok'. Did you mean 'hook'?" in done.stderr


def test_receiver_at_a_local_address_is_not_asked(place: Place) -> None:
    with web_receiver(place.port) as web:
        place.run("near", "--return", "lan")
        until("the refusal", lambda: "set allow_local" in place.status("lan")["last_error"])
        assert web.posted == []


def test_dead_receiver_delays_no_job_and_gets_all_when_it_is_back(place: Place) -> None:
    """Attack 34: it is down, then it takes connections and never answers, then it answers."""
    jids, slowest = [], 0.0
    for _ in range(JOBS):
        began = time.monotonic()
        jids.append(place.run("--return=hook", "down"))
        slowest = max(slowest, time.monotonic() - began)
    until("all of it to wait", lambda: place.status()["queued"] == JOBS * len(BOXES))
    with web_receiver(place.port) as web:
        web.go_on.clear()
        until("the receiver to be asked", lambda: web.posted)
        for _ in range(JOBS):
            began = time.monotonic()
            jids.append(place.run("--return=hook", "slow"))
            slowest = max(slowest, time.monotonic() - began)
        until("all of it to wait", lambda: place.status()["queued"] == 2 * JOBS * len(BOXES))
        web.go_on.set()
        until("everything to be delivered", place.drained)
        came = Counter((each["jid"], each["id"]) for each in web.taken())
    print(f"\n{2 * JOBS} jobs with a dead receiver, the slowest took {slowest:.2f} s")
    assert slowest < PROMPT_S
    assert set(came) >= {(jid, box) for jid in jids for box in BOXES}
    status = place.status()
    assert (status["dead"], status["dropped"], status["tries"]) == (0, 0, 0)
    assert status["last_success"] > status["last_error_at"] > 0


def test_killed_master_loses_nothing_between_return_and_delivery(place: Place) -> None:
    assert place.fleet.master is not None
    with web_receiver(place.port) as web:
        web.go_on.clear()
        jid = place.run("--return=hook", "killed")
        until("the receiver to have been asked", lambda: any(jid in str(each.body) for each in web.posted))
        place.fleet.master.stop(signal.SIGKILL)
        web.statuses = [503] * len(web.posted)  # what was under way is not taken
        web.go_on.set()
        place.fleet.start_master()
        until("everything to be delivered", place.drained)
        assert once(web.taken(), jid)
    place.fleet.wait_up(*BOXES)


def test_answer_of_a_box_that_was_away_finds_its_way_after_a_restart(place: Place) -> None:
    fleet = place.fleet
    assert fleet.master is not None
    fleet.minions["box-2"].stop()
    done = fleet.shoal("box-2", "test.echo", "late", "--queue", "--async", "--return=file", check=True)
    fleet.master.stop()
    fleet.start_master()
    fleet.start_minion("box-2")
    until("the answer", lambda: any(each["return"] == "late" for each in place.lines("file.jsonl")))
    assert [each["jid"] in done.stdout for each in place.lines("file.jsonl") if each["return"] == "late"] == [
        True
    ]
    fleet.wait_up(*BOXES)


def test_dead_letters_are_shown_and_replayed(place: Place) -> None:
    with web_receiver(place.port) as web:
        web.status = 422
        jid = place.run("--return=hook", "dead")
        until("the dead letters", lambda: place.status()["dead"] == len(BOXES))
        letters = place.fleet.runner("returner.dead_letters", "hook")
        assert {(each["jid"], each["id"]) for each in letters} == {(jid, box) for box in BOXES}
        assert letters[0]["reason"] == f"http://127.0.0.1:{place.port} answered 422"
        web.status = 200
        assert place.fleet.runner("returner.replay", "hook") == len(BOXES)
        until("them to be delivered", lambda: once(web.taken(), jid))
        until("the queue to be empty", place.drained)
    assert place.status()["dead"] == 0


def test_secrets_are_in_no_log_status_or_list(place: Place) -> None:
    """Last: everything above has been logged by now."""
    assert place.fleet.master is not None
    shown = json.dumps([place.fleet.ask("returner.status"), place.fleet.ask("returner.list")])
    for text in (place.fleet.master.text(), shown, *map(Path.read_text, place.fleet.folder.glob("*.log"))):
        assert KEY not in text
        assert TOKEN not in text
