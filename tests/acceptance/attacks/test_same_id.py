"""Two boxes under one id, one key in two boxes, and an id that changes hands (attack list 6, 7)."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from master.cli.client import Conversation
from tests.acceptance.attacks.arena import GOOD, Arena
from tests.fleet import Process


def test_another_key_for_the_id_is_denied_and_told_of(arena: Arena) -> None:
    impostor = arena.rogue(GOOD)
    with listening(arena, "shoal/auth") as events, arena.counted("hello refused: denied"):
        welcome = impostor.hello()
        arena.until("an event", lambda: events)
    assert (welcome.status, welcome.tags) == ("denied", {})
    assert "belongs to another key" in welcome.reason
    assert (events[0]["data"]["id"], events[0]["data"]["act"]) == (GOOD, "denied")
    assert arena.log_lines(GOOD, "belongs to another key", "action=denied")
    assert sorted(arena.state_of(GOOD))[0] == "accepted"


def test_another_key_with_a_good_token_is_denied_all_the_same(arena: Arena) -> None:
    impostor, token = arena.rogue(GOOD), arena.token()
    assert impostor.hello(token=token).status == "denied"
    late = arena.rogue("honest")
    assert late.hello(token=token).status == "accepted", "the token was not used up by it"


def test_denied_key_says_it_once_however_often_it_knocks(arena: Arena) -> None:
    impostor = arena.rogue(GOOD)
    before = len(arena.log_lines("action=denied"))
    for _ in range(10):
        assert impostor.hello().status == "denied"
    assert len(arena.log_lines("action=denied")) == before + 1


def test_copied_box_is_refused_and_told_of_and_runs_nothing(own_fleet: Arena) -> None:
    arena, fleet = own_fleet, own_fleet.fleet
    fleet.start_master()
    fleet.join("twin")
    original, copy = fleet.minion_root("twin"), fleet.minion_root("copy")
    shutil.copytree(original, copy, ignore=shutil.ignore_patterns("run"))
    with listening(arena, "shoal/auth") as events:
        fleet.minions["copy"] = Process(copy, "shoal-minion", log=fleet.folder / "copy.log")
        arena.until("an event", lambda: [e for e in events if e["data"]["act"] == "copied key"])
    assert arena.counters()["hello refused: copied key"] == 1
    assert arena.log_lines("the same key is in use by another process", "action=copied_key")
    arena.until("the copy to know", lambda: arena.log_lines("is this box a copy?", log="copy.log"))
    marks = fleet.folder / "marks"
    for _ in range(3):
        assert arena.run("twin", "cmd.run", f"echo ran >> {marks}")["twin"]["success"]
    assert marks.read_text() == "ran\n" * 3
    assert fleet.minions["copy"].alive, "it keeps trying"


def test_box_that_restarts_is_not_taken_for_a_copy(own_fleet: Arena) -> None:
    """Also when somebody asked under its key long before: the probe of then says nothing about now."""
    arena, fleet = own_fleet, own_fleet.fleet
    fleet.start_master()
    fleet.join("twin")
    fleet.minions["twin"].stop(9)
    fleet.start_minion("twin")
    fleet.wait_up("twin")
    assert "hello refused: copied key" not in arena.counters()


def test_new_holder_of_an_id_gets_nothing_of_the_old_one(own_fleet: Arena) -> None:
    arena, fleet = own_fleet, own_fleet.fleet
    fleet.start_master()
    old = arena.rogue("shop")
    assert old.join(arena.token("site=paris", "vault=yes")).tags == {"site": "paris", "vault": "yes"}
    old.subscribe()
    for number in range(20):
        old.facts({"os": "Rogue", "shelf": f"s{number}"}, digest=b"old")
    arena.until("its grains", lambda: _match(arena, "G@shelf:s19"))
    old.facts({"os": "Rogue", "shelf": "last"}, digest=b"old")  # it may still be on its way to the store
    arena.keys("delete", "shop")
    new = arena.rogue("shop")
    assert new.hello(grains_digest=b"old").status == "pending"
    arena.keys("accept", "shop")
    welcome = new.hello(grains_digest=b"old")
    assert (welcome.status, welcome.tags) == ("accepted", {})
    assert new.wait_for("want_facts") == b"", "grains are asked for, whatever digest it names"
    assert arena.runner("tag.list", "shop") == {"shop": {}}
    for target in ("G@shelf:s*", "G@shelf:last", "G@os:Rogue", "T@site:paris", "T@vault:yes"):
        assert not _match(arena, target)
    assert old.published() == []
    old.say("heartbeat", {"running": 0})
    assert ("hello_first", None) in old.replies()
    fleet.master.stop()  # type: ignore[union-attr]
    fleet.start_master()
    assert arena.runner("tag.list", "shop") == {"shop": {}}
    for target in ("G@shelf:*", "T@site:*", "T@vault:*"):
        assert not _match(arena, target), f"{target} came back from the store"
    assert old.hello().status == "denied", "the old key has lost the id for good"


def _match(arena: Arena, target: str) -> list[str]:
    request = {"op": "preview", "target": {"kind": "compound", "expr": target, "delimiter": ":"}}
    return list(arena.ask(request)["ids"])


@contextmanager
def listening(arena: Arena, tag: str) -> Iterator[list[dict[str, Any]]]:
    """Collect the events whose tag fits during the block."""
    path = str(arena.fleet.master_root / "run/shoal/master/master.sock")
    events: list[dict[str, Any]] = []
    ready, stop = threading.Event(), threading.Event()
    with Conversation(path, {"op": "events", "tag": tag}, tick_s=0.05) as talk:

        def listen() -> None:
            for message in talk:
                if message["event"] == "event":
                    events.append(message)
                ready.set()
                if stop.is_set():
                    return

        listener = threading.Thread(target=listen)
        listener.start()
        assert ready.wait(10)
        try:
            yield events
        finally:
            stop.set()
            listener.join()


def files_under(folder: Path) -> set[Path]:
    """Return all files below a folder."""
    return set(folder.rglob("*"))
