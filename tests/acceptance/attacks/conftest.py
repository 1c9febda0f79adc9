"""One fleet for all attacks that a healthy master shrugs off, and a quick way to one with other settings."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.attacks.arena import GOOD, Arena
from tests.fleet import Fleet, short_folder


@pytest.fixture(scope="session")
def siege() -> Iterator[Arena]:
    """A master with two good minions, for the whole run."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master(nodegroups={"goods": "good-*"})
        fleet.join(GOOD, site="paris")
        fleet.join("good-2", site="rome")
        yield Arena(fleet)


@pytest.fixture
def arena(siege: Arena) -> Iterator[Arena]:
    """The fleet; after the attack it must still be well."""
    yield siege
    try:
        siege.still_well()
    finally:
        siege.dismiss()


@pytest.fixture
def own_fleet() -> Iterator[Arena]:
    """A fleet that a test starts and stops as it likes."""
    with short_folder() as folder, Fleet(folder) as fleet:
        arena = Arena(fleet)
        yield arena
        arena.hang_up()
        arena.check_logs()
