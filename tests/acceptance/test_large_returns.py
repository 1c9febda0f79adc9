"""A large return over a thin link, and one that breaks: it arrives whole, and holds up nothing meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Final

import pytest

from master.cli.client import Conversation
from tests.fleet import Fleet, short_folder
from tests.proxy import Proxy
from tests.synced import serve

BOX: Final = "box-1"
KIB: Final = 1024
PATIENCE_S: Final = 120.0
MODULE: Final = '''
from modules.context import Context
from shoal.functions.function import function


@function
def text(ctx: Context, size: int) -> str:
    """Return a text of `size` bytes."""
    return "x" * size
'''


@pytest.fixture
def wire() -> Iterator[tuple[Fleet, Proxy]]:
    """A master and a box whose only way to it is a wire."""
    with (
        short_folder() as folder,
        Fleet(folder) as fleet,
        Proxy(fleet.publish_port, fleet.request_port) as wire,
    ):
        fleet.start_master(advertise=[wire.host], heartbeat_s=1)
        serve(fleet.master_root / "srv/salt", "_modules/large.py", MODULE)
        fleet.join(BOX, settings={"max_output_bytes": 3_000_000, "recon_default": 100, "recon_max": 300})
        fleet.shoal(BOX, "saltutil.sync_modules", check=True)
        yield fleet, wire


def order(fleet: Fleet, size: int) -> str:
    """Order a return of `size` bytes; return the job's id."""
    request: dict[str, Any] = {
        "op": "run", "target": {"kind": "glob", "expr": BOX}, "fun": "large.text", "mode": "queue", "async": True,
        "args": [size],
    }  # fmt: skip
    with Conversation(str(fleet.master_root / "run/shoal/master/master.sock"), request) as talk:
        talk.answer()
        return talk.jid


def arrived(fleet: Fleet, jid: str, size: int) -> bool:
    found = fleet.ask("jobs.list_job", jid)["Result"].get(BOX)
    return found is not None and found["outcome"] == "done" and found["return"] == "x" * size


def test_return_arrives_although_the_link_never_lasts_for_all_of_it(wire: tuple[Fleet, Proxy]) -> None:
    fleet, line = wire
    size, cuts = 2_500_000, 0
    line.bytes_per_s = 400 * KIB  # six seconds for all of it
    jid = order(fleet, size)
    next_cut = time.monotonic() + 3.0
    while not arrived(fleet, jid, size):
        assert cuts * 3.0 < PATIENCE_S, "it never arrives"
        if time.monotonic() >= next_cut:
            line.cut()
            cuts += 1
            next_cut = time.monotonic() + 3.0
        time.sleep(0.1)
    assert cuts >= 2


def test_others_pass_it_and_the_box_is_there_all_the_time(wire: tuple[Fleet, Proxy]) -> None:
    fleet, line = wire
    size = 600_000
    line.bytes_per_s = 48 * KIB  # twelve seconds for all of it; the master gives up a silent box after three
    jid = order(fleet, size)
    pings = 0
    while not arrived(fleet, jid, size):
        done = fleet.shoal(BOX, "test.ping", "-t", "10")
        assert done.returncode == 0, done.stdout
        pings += 1
    assert pings >= 2
    counters = fleet.counters()
    counters.pop("pillar refused", None)  # on a slow line it may be asked for before the grains are there
    assert not [name for name in counters if "refused" in name], counters
