"""The mine over real sockets: filled by the boxes, read by boxes that may, and emptied with the key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fleet import Fleet, short_folder, until


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """A master, two webs and a db; the webs list what others may know of them."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master()
        for number in (1, 2):
            functions = {
                "addresses": [{"mine_function": "test.echo"}, f"10.0.0.{number}"],
                "secret": [
                    {"mine_function": "test.echo"},
                    "s",
                    {"allow_tgt": "G@role:db", "allow_tgt_type": "compound"},
                ],
            }
            fleet.join(f"web-{number}", site="paris", settings={"mine_functions": functions})
        fleet.join("db-1", site="rome", settings={"grains": {"role": "db"}})
        until("the webs, unasked", lambda: len(fleet.ask("mine.get", "*", "secret")) == 2)
        yield fleet


def ask(fleet: Fleet, box: str, *words: str) -> Any:
    return json.loads(fleet.shoal(box, *words, "--out=json").stdout)[box]


def test_boxes_put_their_values_in_by_themselves(fleet: Fleet) -> None:
    assert fleet.runner("mine.get", "*", "addresses") == {"web-1": "10.0.0.1", "web-2": "10.0.0.2"}
    assert fleet.runner("mine.get", "*-2", "addresses,nothing") == {
        "addresses": {"web-2": "10.0.0.2"},
        "nothing": {},
    }


def test_box_reads_what_it_may(fleet: Fleet) -> None:
    both = {"web-1": "10.0.0.1", "web-2": "10.0.0.2"}
    assert ask(fleet, "db-1", "mine.get", "T@site:paris", "addresses", "tgt_type=compound") == both
    assert ask(fleet, "db-1", "mine.get", "*", "secret") == {"web-1": "s", "web-2": "s"}
    assert ask(fleet, "web-1", "mine.get", "*", "secret") == {"web-1": "s"}


@pytest.mark.parametrize(
    ("expr", "kind"), [("E@.*", "compound"), ("web.*", "pcre"), ("I@a:b", "compound"), ("G@os", "compound")]
)
def test_target_of_a_box_that_the_master_does_not_judge_is_refused(
    fleet: Fleet, expr: str, kind: str
) -> None:
    done = fleet.shoal("db-1", "mine.get", expr, "addresses", f"tgt_type={kind}")
    assert done.returncode == 1
    assert "the master says: " in done.stdout


def test_value_is_sent_changed_and_deleted(fleet: Fleet) -> None:
    assert ask(fleet, "db-1", "mine.send", "port", "5432", "mine_function=test.echo") is True
    assert fleet.runner("mine.get", "db-1", "port") == {"db-1": "5432"}
    assert ask(fleet, "db-1", "mine.delete", "port") is True
    assert ask(fleet, "db-1", "mine.delete", "port") is False
    assert fleet.runner("mine.get", "*", "port") == {}


def test_operator_sees_and_clears_what_a_box_has_put_in(fleet: Fleet) -> None:
    ask(fleet, "db-1", "mine.send", "port", "5432", "mine_function=test.echo")
    assert fleet.runner("cache.mine", "db-1") == {"db-1": {"port": "5432"}}
    assert fleet.runner("cache.clear_mine", "db-1") == {"db-1": 1}
    assert fleet.runner("cache.mine", "db-1") == {}


def test_key_that_goes_takes_its_values_along(fleet: Fleet) -> None:
    fleet.join("old-1")
    ask(fleet, "old-1", "mine.send", "test.ping")
    assert fleet.runner("mine.get", "old*", "test.ping") == {"old-1": True}
    fleet.minions["old-1"].stop()
    fleet.keys("-y", "-d", "old-1")
    fleet.join("old-1")
    assert fleet.runner("mine.get", "old*", "test.ping") == {}


def test_boxes_own_jobs_are_nothing_to_the_master(fleet: Fleet) -> None:
    assert not [name for name in fleet.counters() if "no such job" in name or "not a target" in name]
