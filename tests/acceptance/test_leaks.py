"""Neither a minion that finds no master nor a master whose peers come and go holds more and more.

What is counted are open descriptors and resident memory of real processes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import cycle
from secrets import token_hex
from typing import Any, Final

import pytest

from pki.join import parse_join_string
from pki.keys import NodeKeys
from shoal.messages import PONG
from tests.fleet import Fleet, free_ports, short_folder, until
from tests.rogue import MasterSecrets, RoguePeer, open_files, resident_mib, secrets_of

CYCLES: Final = 1000
WARM: Final = 300  # cycles until caches, arenas and buckets have their size
MEMBERS: Final = 50  # keys that are accepted; a key may connect only so often
PENDING: Final = 20
TOGETHER: Final = 10  # peers that are there at the same time


@pytest.mark.parametrize("kind", ["closed", "silent"])
def test_minion_without_a_master_holds_the_same_after_an_hour(kind: str) -> None:
    ports = map(str, free_ports(2))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.acceptance.lonely", kind, *ports],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    samples: list[dict[str, Any]] = json.loads(done.stdout)
    first, last = samples[0], samples[-1]
    assert last["links"] - first["links"] > 50, "it has tried all the time"
    assert last["files"] <= first["files"] + 5, samples  # those of one link, which is there or not
    assert last["threads"] <= first["threads"] + 1, samples
    assert last["mib"] < first["mib"] + 0.5, samples
    assert last["objects"] < first["objects"] + 300, samples


@pytest.fixture
def master() -> Iterator[Fleet]:
    """A master alone, with accepted and waiting keys."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master(pending_max=PENDING, log_level="error")
        yield fleet


def test_master_holds_the_same_after_a_thousand_connections(master: Fleet) -> None:
    fleet = master
    assert fleet.master is not None
    pid, secrets = fleet.master.pid, secrets_of(fleet.master_root)
    token = parse_join_string(fleet.token(uses=MEMBERS)).token
    quiet = open_files(pid)
    members = [join(secrets, f"member-{number}", token) for number in range(MEMBERS)]
    turns = cycle(members)
    warm = 0.0
    for done in range(0, CYCLES, TOGETHER):
        if done == WARM:
            until("all connections to be closed", lambda: open_files(pid) <= quiet)
            warm = resident_mib(pid)
        come_and_go(secrets, [next(turns) for _ in range(TOGETHER // 2)])
    until("all connections to be closed", lambda: open_files(pid) <= quiet)
    print(f"{warm:.1f} MiB after {WARM} connections, {resident_mib(pid):.1f} MiB after {CYCLES}")
    assert resident_mib(pid) - warm < 2.0
    assert len(fleet.keys("-l", "un").split()) <= PENDING + 3
    assert not fleet.runner("manage.up")


def join(secrets: MasterSecrets, name: str, token: str) -> tuple[str, NodeKeys]:
    """Make an accepted key."""
    with RoguePeer(secrets, name) as peer:
        peer.join(token)
        return name, peer.keys


def come_and_go(secrets: MasterSecrets, members: list[tuple[str, NodeKeys]]) -> None:
    """Connect with some accepted keys, and as many unknown ones; hear an answer on each, and hang up on all."""
    known = [RoguePeer(secrets, name, keys=keys) for name, keys in members]
    unknown = [RoguePeer(secrets, f"nobody-{token_hex(4)}") for _ in members]
    try:
        for peer in known:
            peer.instance = "00" * 32  # the same box all the time
            assert peer.hello().status == "accepted"
            peer.subscribe()
        for peer in unknown:
            assert peer.hello().status in ("pending", "busy")
        for peer in known:
            assert reads(peer)
    finally:
        for peer in [*known, *unknown]:
            peer.close()


def reads(peer: RoguePeer) -> bool:
    """Wait until the master sees that a peer reads its topic."""

    def ask() -> bool:
        peer.say("heartbeat", {"running": 0})
        return bool(peer.wait_for(PONG))

    return until("the master to see the subscription", ask)
