"""A store on each database. PostgreSQL gets a fresh database per test module, emptied after each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from master.store import Store, open_store
from master.store.schema import metadata
from shoal.clock import FakeClock
from tests.postgres import PostgresServer, postgres_server  # noqa: F401 - a fixture

DATABASES = ("sqlite", "postgresql")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="module")
def module_database(postgres_server: PostgresServer) -> Iterator[str]:  # noqa: F811
    with postgres_server.database() as url:
        yield url


@pytest.fixture(params=DATABASES)
def blank(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database with nothing in it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/blank.db"
        return
    with request.getfixturevalue("postgres_server").database() as url:
        yield url


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    """An open, empty store."""
    if request.param == "sqlite":
        with open_store(f"sqlite:///{tmp_path}/master.db", clock, lock_wait_s=1.0) as opened:
            yield opened
        return
    with open_store(request.getfixturevalue("module_database"), clock, lock_wait_s=1.0) as opened:
        yield opened
        with opened.database.write() as connection:
            connection.execute(text("TRUNCATE " + ", ".join(metadata.tables)))
