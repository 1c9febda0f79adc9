"""Migrations: from nothing to the newest schema, and what they build is what the code believes."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

import master.store.migrate
from master.store import open_store
from master.store.cells import pack_value, unpack_value
from master.store.database import Database
from master.store.migrate import SCHEMA_VERSION
from master.store.schema import OF_A_MINION, metadata
from shoal.clock import FakeClock
from shoal.errors import StoreError

from .samples import JID, answer, jid_at, job

MIGRATIONS = Path(master.store.migrate.__file__).parent / "migrations"


def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config)


def test_schema_version_is_the_newest_migration() -> None:
    assert scripts().get_heads() == [SCHEMA_VERSION]


def test_migrations_are_numbered_without_a_gap() -> None:
    found = sorted(script.revision for script in scripts().walk_revisions())
    assert found == [f"{number:04d}" for number in range(1, len(found) + 1)]


def test_every_table_about_a_minion_is_emptied_with_its_key() -> None:
    about = {table.name for table in metadata.tables.values() if "minion" in table.c}
    assert about - {"returns", "deliveries", "resolutions", "dispatches", "dead_letters"} == {
        table.name for table in OF_A_MINION
    }


def test_migrations_build_what_the_code_believes(blank: str) -> None:
    with open_store(blank, FakeClock()) as store, store.database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == SCHEMA_VERSION


def details(database: Database) -> set[tuple[str, ...]]:
    """Return what compare_metadata does not look at: collations and the conditions of partial indexes."""
    with database.read() as connection:
        if database.is_sqlite:
            query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        else:
            query = (
                "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' UNION ALL"
                " SELECT table_name || '.' || column_name, coalesce(collation_name, '')"
                " FROM information_schema.columns WHERE table_schema = 'public'"
            )
        rows = {tuple(row) for row in connection.execute(text(query))}
    return {row for row in rows if not row[0].startswith("alembic_version")}


def test_migrations_build_the_same_indexes_and_collations(blank: str) -> None:
    with open_store(blank, FakeClock()) as store:
        migrated = details(store.database)
        with store.database.write() as connection:
            metadata.drop_all(connection)
            metadata.create_all(connection)
        assert details(store.database) == migrated
        assert len(migrated) > 4


def test_database_of_schema_0001_keeps_its_rows(blank: str) -> None:
    with open_store(blank, FakeClock()) as store:
        store.commit_batch(jobs=[job()], returns=[answer()])
        with store.database.write() as connection:  # back to what 0001 made, where jobs had no channel either
            connection.execute(text("DROP TABLE deliveries"))
            for later in ("resolutions", "mine", "dispatches", "dead_letters"):
                connection.execute(text(f"DROP TABLE {later}"))
            connection.execute(text("DROP INDEX ix_returns_unknown"))
            connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
            call = unpack_value(connection.execute(text("SELECT call FROM jobs")).scalar() or b"", "job")
            del call["channel"]
            connection.execute(text("UPDATE jobs SET call = :call"), {"call": pack_value(call)})
    with open_store(blank, FakeClock()) as store:
        assert store.jobs.get(JID) == job()
        assert store.returns.get(JID, "web1") == answer()
        store.jobs.add(job(1, mode="queue"))
        assert len(store.deliveries.for_job(jid_at(1))) == 2


def test_opening_again_changes_nothing(blank: str) -> None:
    with open_store(blank, FakeClock()) as store:
        store.settings.put("fleet", "ab12")
    with open_store(blank, FakeClock()) as store:
        assert store.settings.get("fleet") == "ab12"


@pytest.mark.parametrize("version", ["0099", "ae1027a6acf"])
def test_database_of_a_newer_release_is_refused(blank: str, version: str) -> None:
    with open_store(blank, FakeClock()) as store, store.database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})
    with pytest.raises(StoreError, match=f"schema '{version}', this release knows up to {SCHEMA_VERSION}"):
        open_store(blank, FakeClock())


def test_failed_migration_leaves_the_database_as_it_was(blank: str) -> None:
    database = Database(blank, 1.0)
    try:
        with database.write() as connection:
            connection.execute(text("CREATE TABLE tokens (other TEXT)"))
        with pytest.raises(StoreError, match="refused"):
            open_store(blank, FakeClock())
        with database.write() as connection:
            connection.execute(text("DROP TABLE tokens"))  # and the tables before it must not be there
    finally:
        database.close()
    open_store(blank, FakeClock()).close()
