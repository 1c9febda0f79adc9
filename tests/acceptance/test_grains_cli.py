"""Grains that change on a running box: by `grains.*`, by custom files, and what the master knows of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.at_work import answers
from tests.fleet import Fleet, short_folder, until

BOX = "box-1"


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master()
        fleet.join(BOX)
        yield fleet


@pytest.fixture
def customs(fleet: Fleet) -> Iterator[Path]:
    """The master's folder of custom grains, empty again afterwards."""
    folder = fleet.master_root / "srv/salt/_grains"
    folder.mkdir(parents=True, exist_ok=True)
    yield folder
    for file in folder.glob("*.py"):
        file.unlink()
    fleet.shoal(BOX, "saltutil.sync_grains", check=True)


def meant(fleet: Fleet, grain: str) -> bool:
    return answers(fleet, "-G", grain, "test.ping") == {BOX: True}


def test_grain_that_is_set_can_be_targeted_and_seen_by_the_next_job(fleet: Fleet) -> None:
    assert answers(fleet, BOX, "grains.append", "roles", "web") == {BOX: {"roles": ["web"]}}
    assert answers(fleet, BOX, "grains.get", "roles") == {BOX: ["web"]}
    until("the new grain", lambda: meant(fleet, "roles:web"))
    fleet.shoal(BOX, "grains.set", "site:rack", "7", check=True)
    until("the nested grain", lambda: meant(fleet, "site:rack:7"))
    assert meant(fleet, "roles:web")
    fleet.shoal(BOX, "grains.delkey", "roles", "force=True", check=True)
    until("the old grain to be gone", lambda: not meant(fleet, "roles:web"))
    assert meant(fleet, "site:rack:7")


def test_custom_grains_come_with_a_sync_and_go_with_their_file(fleet: Fleet, customs: Path) -> None:
    (customs / "a.py").write_text("def x(grains):\n    return {'shelf': grains['id'] + '-left'}\n")
    (customs / "b.py").write_text("def x():\n    1 / 0\n")
    fleet.shoal(BOX, "saltutil.sync_grains", check=True)
    until("the custom grain", lambda: meant(fleet, "shelf:box-1-left"))
    assert answers(fleet, BOX, "grains.get", "shelf") == {BOX: "box-1-left"}
    (customs / "a.py").unlink()
    fleet.shoal(BOX, "saltutil.sync_grains", check=True)
    until("the custom grain to be gone", lambda: not meant(fleet, "shelf:box-1-left"))
