"""One fleet for each test module that asks: a master and three minions, started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fleet import Fleet, short_folder


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """A master with web-1 and web-2 in paris and db-1 in rome."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master(nodegroups={"webs": "web-*", "south": "T@site:rome"})
        fleet.join(
            "web-1", site="paris", settings={"grains": {"role": "web", "rack": {"row": "a", "unit": 1}}}
        )
        fleet.join(
            "web-2", site="paris", settings={"grains": {"role": "web", "rack": {"row": "b", "unit": 2}}}
        )
        fleet.join("db-1", site="rome", settings={"grains": {"role": "db", "rack": {"row": "a", "unit": 3}}})
        yield fleet


@pytest.fixture
def empty_fleet() -> Iterator[Fleet]:
    """A fleet of which nothing runs yet."""
    with short_folder() as folder, Fleet(folder) as fleet:
        yield fleet
