"""Brings the database's schema up to this release's, in one transaction, or refuses.

Alembic is imported only when there is something to do; at an ordinary start one SELECT says there is not.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from master.store.database import Database
from shoal.errors import StoreError

log = logging.getLogger(__name__)

SCHEMA_VERSION: Final = "0005"  # the newest file in migrations/versions; a test compares
_ADVISORY_LOCK: Final = 0x53484F414C  # "SHOAL": two masters that start at once migrate one after the other
_MIGRATIONS: Final = Path(__file__).parent / "migrations"


def bring_up_to_date(database: Database) -> None:
    """Run the migrations that are missing; an empty database gets all of them.

    Raises:
        StoreError: the schema is of a newer release or not Shoal's, or a migration failed and was undone.
    """
    with database.read() as connection:
        version = _version(connection)
    if version == SCHEMA_VERSION:
        return
    with database.write() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        version = _version(connection)  # another master may have migrated while we waited
        if version != SCHEMA_VERSION:
            _upgrade(connection, version, database.place)
            log.info(
                "database migrated from schema %s to %s",
                version or "(empty)",
                SCHEMA_VERSION,
                extra={"action": "store_migrated"},
            )


def _version(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""


def _upgrade(connection: Connection, version: str, place: str) -> None:
    logging.getLogger("alembic").setLevel(logging.WARNING)  # its news are in our own line
    # Imported here: 0.1 s and several MiB that an ordinary start saves.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if version and version not in known:
        raise StoreError(
            f"the database {place} has schema {version[:32]!r}, this release knows up to {SCHEMA_VERSION}: "
            "install the newer Shoal it was made by, or restore a backup"
        )
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StoreError(f"the database {place} could not be migrated: {error}") from None
