"""A master behind a wire that has gone dead without a word: its minion is with the other one, and back again later."""

from __future__ import annotations

import re
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Final

from tests.fleet import Fleet, short_folder, until
from tests.postgres import PostgresServer, postgres_server  # noqa: F401 - a fixture
from tests.proxy import Proxy

BOX: Final = "box-1"
PATIENCE_S: Final = 60.0
HEARTBEAT_S: Final = 1
# Noticed after 2.5 heartbeats, then up to a second's back-off and the hello; the rest is for a busy machine.
OVER_S: Final = 20.0


def test_minion_of_a_stalled_master_brings_its_result_to_the_other(
    postgres_server: PostgresServer,  # noqa: F811
) -> None:
    with (
        short_folder() as folder,
        postgres_server.database() as url,
        first_master(folder / "a", url) as (first, wire),
        second_master(folder / "b", url, first) as second,
    ):
        first.join(BOX, settings={"master_failback_interval": 2})
        kept = first.minion_root(BOX) / "var/lib/shoal/minion/masters.doc"
        until("both masters to be known", lambda: kept.read_bytes().count(b"publish_port") == 2, PATIENCE_S)

        go, mark = folder / "go", folder / token_hex(4)
        jid = queue(first, f"until [ -e {go} ]; do sleep 0.05; done; echo x >> {mark}; echo home")
        until("the job to run", lambda: second.ask("jobs.queue").get(jid, {}).get("running"), PATIENCE_S)
        wire.stall()
        stalled = time.monotonic()
        go.touch()
        second.wait_up(BOX, timeout_s=PATIENCE_S)
        over = time.monotonic() - stalled
        until("the result", lambda: second.ask("jobs.lookup_jid", jid) == {BOX: "home"}, PATIENCE_S)
        print(f"with the other master after {over:.1f} s")
        assert over < OVER_S
        assert first.ask("jobs.lookup_jid", jid) == {BOX: "home"}
        assert first.ask("jobs.queue") == {}
        assert mark.read_text() == "x\n"

        later = queue(first, f"echo y >> {mark}; echo later")  # at the master that cannot reach it
        until("it to be answered", lambda: first.ask("jobs.lookup_jid", later) == {BOX: "later"}, PATIENCE_S)
        assert mark.read_text() == "x\ny\n"

        wire.cut()
        wire.forward()
        until("it to be back", lambda: BOX not in (second.ask("manage.up") or ()), PATIENCE_S)
        first.wait_up(BOX, timeout_s=PATIENCE_S)
        assert first.shoal(BOX, "test.ping").stdout == f"{BOX}:\n    True\n"
        first.minions[BOX].stop(signal.SIGTERM)


@contextmanager
def first_master(folder: Path, url: str) -> Iterator[tuple[Fleet, Proxy]]:
    """Give a master that is reached through a wire."""
    folder.mkdir()
    with Fleet(folder, master_id="a") as fleet, Proxy(fleet.publish_port, fleet.request_port) as wire:
        fleet.start_master(store_url=url, heartbeat_s=HEARTBEAT_S, advertise=[wire.host])
        yield fleet, wire


@contextmanager
def second_master(folder: Path, url: str, first: Fleet) -> Iterator[Fleet]:
    """Give another master of the same fleet; made when the first runs, or it would take the same ports."""
    folder.mkdir()
    with Fleet(folder, master_id="b") as fleet:
        pki = fleet.master_root / "etc/shoal/pki/master"
        pki.mkdir(parents=True, mode=0o700)
        for name in ("root.key", "root.pub", "masters.doc"):
            shutil.copy(first.master_root / "etc/shoal/pki/master" / name, pki)
        fleet.start_master(store_url=url, heartbeat_s=HEARTBEAT_S)
        yield fleet


def queue(fleet: Fleet, command: str) -> str:
    found = re.search(
        r"\d{20}", fleet.shoal(BOX, "cmd.run", command, "--queue", "--async", check=True).stdout
    )
    assert found
    return found[0]
