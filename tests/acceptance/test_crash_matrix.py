"""kill -9 at every write, send and acknowledgement: no job lost, none done twice, each explained.

Here each point once, on SQLite; `make chaos` takes each twenty times, on SQLite and PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from tests.acceptance.crash_matrix import Matrix
from tests.acceptance.crash_points import POINTS
from tests.acceptance.test_power_cuts import BOX
from tests.faulty import find
from tests.fleet import Fleet, short_folder
from tests.postgres import PostgresServer, postgres_server  # noqa: F401 - a fixture

DYING = ("master", "daemon", "box", "executor")
ALL = [(database, dying) for database in ("sqlite", "postgresql") for dying in DYING]
SOME = [(database, dying) for database, dying in ALL if database == "sqlite"]


@pytest.fixture
def fleet(request: pytest.FixtureRequest) -> Iterator[Fleet]:
    """A master with one of the databases, and one minion."""
    with short_folder() as folder, Fleet(folder) as fleet:
        if request.param == "sqlite":
            yield up(fleet)
            return
        server: PostgresServer = request.getfixturevalue("postgres_server")
        with server.database() as url:
            yield up(fleet, store_url=url)
            fleet.stop()


def up(fleet: Fleet, **settings: str) -> Fleet:
    fleet.start_master(heartbeat_s=1, minion_messages_per_s=10_000, **settings)
    fleet.join(BOX)
    return fleet


def points_of(dying: str) -> list[str]:
    side = "daemon" if dying == "box" else dying
    return [name for name, point in POINTS.items() if point.side == side]


def kill_at_all(fleet: Fleet, dying: str, times: int) -> None:
    matrix = Matrix(fleet, Random(f"{dying} {times}"), box=dying == "box")
    for _ in range(times):
        for name in points_of(dying):
            matrix.round(name)
    matrix.check()
    print(f"\n{matrix.table()}")


@pytest.mark.parametrize("name", POINTS)
def test_point_is_there(name: str) -> None:
    owner, function = find(POINTS[name])
    assert callable(getattr(owner, function))


@pytest.mark.parametrize(("fleet", "dying"), SOME, indirect=["fleet"])
def test_killed_at_every_point(fleet: Fleet, dying: str) -> None:
    kill_at_all(fleet, dying, 1)


@pytest.mark.chaos
@pytest.mark.timeout(0)
@pytest.mark.parametrize(("fleet", "dying"), ALL, indirect=["fleet"])
def test_killed_at_every_point_twenty_times(fleet: Fleet, dying: str) -> None:
    kill_at_all(fleet, dying, 20)
