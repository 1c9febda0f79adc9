"""Files of a box on the master, over bad wires too: whole, private, and each byte sent about once."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from tests.fleet import Fleet, short_folder, until
from tests.proxy import Proxy

BOX: Final = "box-1"
CUTS: Final = 5
LARGE: Final = 8 * 1024 * 1024


@pytest.fixture(scope="module")
def wire() -> Iterator[tuple[Fleet, Proxy]]:
    """A master that takes files, and a box whose only way to it is a wire."""
    with (
        short_folder() as folder,
        Fleet(folder) as fleet,
        Proxy(fleet.publish_port, fleet.request_port) as wire,
    ):
        fleet.start_master(
            advertise=[wire.host], heartbeat_s=1, file_recv=True, minion_bytes_per_s=100 * 1024 * 1024
        )
        fleet.join(BOX, settings={"recon_default": 10, "recon_max": 50})
        yield fleet, wire


def ask(fleet: Fleet, *words: str) -> Any:
    done = fleet.shoal(BOX, *words, "--out=json", "-t", "60")
    return json.loads(done.stdout)[BOX]


def pushed(fleet: Fleet) -> Path:
    return fleet.master_root / "var/cache/shoal/master/minions" / BOX


def test_file_and_folder_are_pushed(wire: tuple[Fleet, Proxy]) -> None:
    fleet, _ = wire
    source = fleet.folder / "source"
    source.mkdir()
    (source / "app.log").write_text("line\n")
    assert ask(fleet, "cp.push", str(source / "app.log")) is True
    target = Path(f"{pushed(fleet)}/files{source}/app.log")
    assert (target.read_text(), stat.S_IMODE(target.stat().st_mode)) == ("line\n", 0o600)
    assert ask(fleet, "cp.push_dir", str(source), "upload_path=logs") is True
    assert fleet.runner("cache.pushed", BOX)[BOX].keys() == {f"{source}/app.log".strip("/"), "logs/app.log"}
    assert fleet.runner("cache.clear_pushed", BOX) == {BOX: 2}
    assert "no such file" in ask(fleet, "cp.push", str(source / "none")).lower()


def test_push_that_is_cut_many_times_ends_with_the_right_content(wire: tuple[Fleet, Proxy]) -> None:
    fleet, line = wire
    source, dice = fleet.folder / "large", Random(2)
    source.write_bytes(Random(1).randbytes(LARGE))
    done = fleet.shoal(BOX, "cp.push", str(source), "upload_path=large", "--queue", "--async", check=True)
    jid = done.stdout.split()[-1]
    line.bytes_per_s = 6 * 1024 * 1024
    cuts, seen = 0, 0
    while cuts < CUTS:
        wanted = seen + dice.randint(1, LARGE // CUTS - 1)
        until("some more to arrive", lambda wanted=wanted: arrived(fleet) >= wanted, 30.0)  # type: ignore[misc]
        line.cut()
        cuts += 1
        assert arrived(fleet) >= seen, "what has arrived is never thrown away"
        seen = arrived(fleet)
        assert seen < LARGE
    line.bytes_per_s = 0
    answer = until("the answer", lambda: fleet.ask("jobs.list_job", jid)["Result"].get(BOX), 60.0)
    assert answer["return"] is True
    assert (pushed(fleet) / "files/large").read_bytes() == Random(1).randbytes(LARGE)
    assert list((pushed(fleet) / "parts").iterdir()) == []


def arrived(fleet: Fleet) -> int:
    """Return how much of what is under way has been written."""
    return max((path.stat().st_size for path in (pushed(fleet) / "parts").glob("*")), default=0)
