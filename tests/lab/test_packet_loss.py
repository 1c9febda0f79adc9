"""Queued jobs over a link on which the kernel drops a share of all packets: the three zeros. Needs root and nft."""

from __future__ import annotations

import time
from collections.abc import Iterator
from random import Random

import pytest

from tests.acceptance.test_healing import dropped
from tests.acceptance.test_wire_chaos import BOXES, MODULE, Books, kill, order, settle
from tests.fleet import Fleet, short_folder
from tests.synced import serve

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1800)]


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """A master and boxes that can leave a mark."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master(heartbeat_s=2, minion_messages_per_s=10_000)
        serve(fleet.master_root / "srv/salt", "_modules/chaos.py", MODULE)
        for box in BOXES:
            fleet.join(box)
        fleet.shoal("*", "saltutil.sync_modules", check=True)
        yield fleet


@pytest.mark.parametrize(("percent", "kills"), [(10, 0.05), (25, 0.0), (25, 0.02)])
def test_no_queued_job_is_lost_or_done_twice_on_a_lossy_link(
    fleet: Fleet, percent: int, kills: float
) -> None:
    began, dice, books = time.monotonic(), Random(percent), Books(fleet.folder)
    with dropped(fleet.publish_port, fleet.request_port, percent=percent):
        while len(books.promised) < 200:
            order(fleet, books, dice)
            if dice.random() < kills:
                books.did[kill(fleet, dice)] += 1
        outcomes = settle(fleet, books)
    print(f"\n{percent} % lost: {len(books.promised)} jobs, all ended in {time.monotonic() - began:.0f} s")
    print(f"{dict(books.did)}; deliveries: {dict(outcomes)}; 0 lost, 0 doubled, 0 unexplained")
