"""Two masters on one PostgreSQL: what one is told the other knows, and a minion is at home at either."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

import pytest

from master.neighbours import LOOK_S
from tests.fleet import Fleet, executors_under, short_folder, until
from tests.postgres import PostgresServer, postgres_server  # noqa: F401 - a fixture

BOX: Final = "box-1"
OTHER: Final = "box-2"
AWAY: Final = "box-3"  # at the second master
PATIENCE_S: Final = 60.0
SETTINGS: Final = {"heartbeat_s": 1}


class Two:
    """Masters `a` and `b`; every minion knows both."""

    def __init__(self, folder: Path, url: str) -> None:
        self.a = Fleet(folder / "a", master_id="a")
        self.a.folder.mkdir()
        self.a.start_master(store_url=url, **SETTINGS)
        self.b = Fleet(folder / "b", master_id="b")
        self.b.folder.mkdir()
        pki = self.b.master_root / "etc/shoal/pki/master"
        pki.mkdir(parents=True, mode=0o700)
        for name in ("root.key", "root.pub", "masters.doc"):
            shutil.copy(self.a.master_root / "etc/shoal/pki/master" / name, pki)
        self.b.start_master(store_url=url, **SETTINGS)
        self.a.join(BOX, settings={"master_failback_interval": 2})
        until("both masters to be known", lambda: self.knows_both(BOX), PATIENCE_S)

    def knows_both(self, box: str) -> bool:
        kept = self.a.minion_root(box) / "var/lib/shoal/minion/masters.doc"
        return kept.exists() and kept.read_bytes().count(b"publish_port") == 2

    def stop(self) -> None:
        self.a.stop()
        self.b.stop()


@pytest.fixture(scope="module")
def lasting(postgres_server: PostgresServer) -> Iterator[Two]:  # noqa: F811
    with short_folder() as folder, postgres_server.database() as url:
        two = Two(folder, url)
        try:
            yield two
        finally:
            two.stop()


@pytest.fixture
def two(lasting: Two) -> Two:
    """Both masters up, the box at the first."""
    for fleet in (lasting.a, lasting.b):
        assert fleet.master is not None
        if not fleet.master.alive:
            fleet.start_master()
    if not lasting.a.minions[BOX].alive:
        lasting.a.start_minion(BOX)
    lasting.a.wait_up(BOX, timeout_s=PATIENCE_S)
    return lasting


def test_minion_goes_to_the_other_master_and_comes_back(two: Two) -> None:
    assert two.a.master is not None
    two.a.master.stop(signal.SIGKILL)
    two.b.wait_up(BOX, timeout_s=PATIENCE_S)
    assert two.b.shoal(BOX, "test.ping").stdout == f"{BOX}:\n    True\n"
    two.a.start_master()
    two.a.wait_up(BOX, timeout_s=PATIENCE_S)
    until("the box to have left", lambda: BOX not in (two.b.ask("manage.up") or ()), PATIENCE_S)


def test_result_goes_to_whichever_master_is_up_and_is_kept_once(two: Two) -> None:
    go = two.a.folder / token_hex(4)
    jid = send(two.a, "cmd.run", f"until [ -e {go} ]; do sleep 0.05; done; echo home", "--queue")
    until("the job to run", lambda: two.a.ask("jobs.queue").get(jid, {}).get("running"))
    assert two.a.master is not None
    two.a.master.stop(signal.SIGKILL)
    go.touch()
    until("the result", lambda: two.b.ask("jobs.lookup_jid", jid) == {BOX: "home"}, PATIENCE_S)
    assert two.b.ask("jobs.queue") == {}


def test_job_that_one_master_queues_is_delivered_by_the_other(two: Two) -> None:
    assert two.a.master is not None
    two.a.master.stop(signal.SIGKILL)
    two.b.wait_up(BOX, timeout_s=PATIENCE_S)
    two.a.start_master()
    mark = two.a.folder / token_hex(4)
    done = two.a.shoal(BOX, "cmd.run", f"echo x >> {mark}; echo done", "--queue", "--show-jid", "-t", "1")
    assert done.returncode == 0, done
    found = re.search(r"\d{20}", done.stdout)
    assert found
    for fleet in (two.a, two.b):
        until("the result", lambda: fleet.ask("jobs.lookup_jid", found[0]) == {BOX: "done"}, PATIENCE_S)  # noqa: B023
    until("the delivery to be over", lambda: two.a.ask("jobs.queue") == {}, PATIENCE_S)
    assert mark.read_text() == "x\n"


def test_keys_and_tags_of_one_master_are_those_of_the_other(two: Two) -> None:
    two.a.ask("tag.set", BOX, "site=rome")
    until("the tag", lambda: preview(two.b, "-T", "site:rome") == [BOX], PATIENCE_S)
    two.b.configure_minion(OTHER)
    two.b.join_string(OTHER, two.b.token())
    two.b.start_minion(OTHER)
    try:
        until("the new key", lambda: OTHER in two.a.keys("-l", "accepted"), PATIENCE_S)
        up = lambda: OTHER in {*(two.a.ask("manage.up") or ()), *(two.b.ask("manage.up") or ())}  # noqa: E731
        until("the new box to be up", up, PATIENCE_S)
        two.a.keys("-y", "-d", OTHER)
        until("the key to be gone", lambda: OTHER not in two.b.keys("-l", "accepted"), PATIENCE_S)
        until("the box to be cut off", lambda: not up(), PATIENCE_S)
    finally:
        two.b.minions[OTHER].stop()


def test_token_of_one_use_is_used_once_over_both(two: Two) -> None:
    token = two.a.token(uses=1)
    for fleet, box in ((two.a, "first"), (two.b, "second")):
        fleet.configure_minion(box)
        fleet.join_string(box, token)
        fleet.start_minion(box)
        if box == "first":
            until("the first to be in", lambda: "first" in two.a.keys("-l", "accepted"), PATIENCE_S)
    try:
        until(
            "the second to be told", lambda: "token was refused" in two.b.minions["second"].text(), PATIENCE_S
        )
        assert "second" not in two.a.keys("-l", "accepted")
    finally:
        two.a.minions["first"].stop()
        two.b.minions["second"].stop()


def test_job_that_is_taken_back_at_one_master_ends_at_a_minion_of_the_other(two: Two) -> None:
    with second_box(two):
        jid = send(two.a, "cmd.run", "sleep 300", "--queue", box=AWAY)
        until("the job to run", lambda: two.a.ask("jobs.queue").get(jid, {}).get("running"), PATIENCE_S)
        two.a.ask("jobs.cancel", jid)
        until("the job to end", lambda: AWAY in two.a.ask("jobs.lookup_jid", jid), PATIENCE_S)
        until("the delivery to be over", lambda: two.a.ask("jobs.queue") == {}, PATIENCE_S)


def test_job_that_was_sent_and_not_acknowledged_goes_on_at_the_other_master_and_runs_once(two: Two) -> None:
    mark = two.a.folder / token_hex(4)
    box, master = two.a.minions[BOX], two.a.master
    assert master is not None
    box.send_signal(signal.SIGSTOP)
    try:
        jid = send(two.a, "cmd.run", f"echo x >> {mark}; echo done", "--queue")
        until("it to be sent", lambda: two.b.ask("jobs.queue").get(jid, {}).get("sent"), PATIENCE_S)
        master.stop(signal.SIGKILL)
    finally:
        box.send_signal(signal.SIGCONT)
    until("the result", lambda: two.b.ask("jobs.lookup_jid", jid) == {BOX: "done"}, PATIENCE_S)
    until("the delivery to be over", lambda: two.b.ask("jobs.queue") == {}, PATIENCE_S)
    assert mark.read_text() == "x\n"


def test_grains_that_change_at_one_master_are_those_of_the_other(two: Two) -> None:
    with second_box(two):
        until("the new box's grains", lambda: AWAY in preview(two.a, "-G", "kernel:Linux"), PATIENCE_S)
        (two.b.minion_root(AWAY) / "etc/shoal/grains").write_text("shelf: left\n")
        two.b.shoal(AWAY, "minion.refresh_grains", check=True)
        until("the new grain", lambda: preview(two.a, "-G", "shelf:left") == [AWAY], PATIENCE_S)


def test_minion_that_changes_its_keys_at_one_master_stays_known_to_the_other(two: Two) -> None:
    with second_box(two):
        until("the new box", lambda: preview(two.a, AWAY) == [AWAY], PATIENCE_S)
        before = two.a.keys("-f", AWAY)
        two.b.shoal(AWAY, "minion.rotate_key", check=True)
        until("the new keys", lambda: two.a.keys("-f", AWAY) != before, PATIENCE_S)
        until("the old ones to be gone", lambda: two.a.keys("-f", AWAY) == two.b.keys("-f", AWAY), PATIENCE_S)
        two.b.wait_up(AWAY, timeout_s=PATIENCE_S)
        end = time.monotonic() + 3 * LOOK_S
        until("some looks to have passed", lambda: time.monotonic() > end)
        assert preview(two.a, AWAY) == [AWAY]
        assert AWAY in preview(two.a, "-G", "kernel:Linux")


# ------------------------------------------------------------------ helpers


@contextmanager
def second_box(two: Two) -> Iterator[None]:
    """Have one more box, which stays at the second master."""
    two.b.join(AWAY, settings={"master_failback": False})
    try:
        until("its key", lambda: AWAY in two.a.keys("-l", "accepted"), PATIENCE_S)
        yield
    finally:
        two.b.minions[AWAY].stop()
        for pid in executors_under(two.b.minion_root(AWAY)):
            os.kill(pid, signal.SIGKILL)
        two.b.keys("-y", "-d", AWAY)
        shutil.rmtree(two.b.minion_root(AWAY))
        until("the key to be gone", lambda: AWAY not in two.a.keys("-l", "accepted"), PATIENCE_S)


def send(fleet: Fleet, *words: str, box: str = BOX) -> str:
    found = re.search(r"\d{20}", fleet.shoal(box, *words, "--async", check=True).stdout)
    assert found
    return found[0]


def preview(fleet: Fleet, *words: str) -> Any:
    done = fleet.shoal("--preview-target", *words, "--out=json")
    return json.loads(done.stdout)
