"""Orders to a running master, through its control socket, as a program gives them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from master.cli.client import Conversation, Message
from shoal.paths import Paths
from tests.fleet import Fleet


def ask(fleet: Fleet, request: Message) -> Message:
    """Send a request and return what the master says in the end; events before that are let go."""
    with Conversation(_socket(fleet), request) as talk:
        return talk.answer()


def run_request(fun: str, target: str = "*", kind: str = "glob", **more: Any) -> Message:
    """Return the request for a job."""
    aim = {"kind": kind, "expr": target, "delimiter": ":"}
    return {"op": "run", "target": aim, "fun": fun, "timeout_s": 60.0, **more}


def order(fleet: Fleet, fun: str = "test.ping", **more: Any) -> Message:
    """Run a job, read every answer, and return the summary. Raises AssertionError unless all went well."""
    done = ask(fleet, run_request(fun, **more))
    assert not done["failed"] and not done["silent"], done
    return done


def returns(fleet: Fleet, fun: str) -> list[Message]:
    """Run a job and return the answers."""
    with Conversation(_socket(fleet), run_request(fun)) as talk:
        return [message for message in talk if message.get("event") == "return"]


@contextmanager
def listening(fleet: Fleet, tag: str) -> Iterator[Iterator[Message]]:
    """Give the master's events with this tag."""
    with Conversation(_socket(fleet), {"op": "events", "tag": tag}) as talk:
        events = iter(talk)
        assert next(events)["event"] == "subscribed"
        yield events


def stored(fleet: Fleet, jid: str, count: int, timeout_s: float = 60.0) -> float:
    """Return the time (perf_counter) at which at least `count` returns of a job were in the SQLite file.

    Read from outside, so that what is counted is what a power cut would leave.
    """
    end = time.monotonic() + timeout_s
    with _database(fleet) as database:
        while (found := _count(database, jid)) < count:
            assert time.monotonic() < end, f"{found} of {count} returns are stored"
            time.sleep(0.002)
    return time.perf_counter()


def count_stored(fleet: Fleet, jid: str) -> int:
    """Return how many returns of a job are in the SQLite file."""
    with _database(fleet) as database:
        return _count(database, jid)


def _database(fleet: Fleet) -> closing[sqlite3.Connection]:
    path = Path(Paths.for_master(str(fleet.master_root)).state_dir / "master.db")
    return closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True))


def _count(database: sqlite3.Connection, jid: str) -> int:
    (found,) = database.execute("SELECT count(*) FROM returns WHERE jid = ?", (jid,)).fetchone()
    return int(found)


def _socket(fleet: Fleet) -> str:
    return str(Paths.for_master(str(fleet.master_root)).control_socket)
