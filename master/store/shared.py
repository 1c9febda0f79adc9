"""What the masters that share a database ask to learn what the others have done. PostgreSQL only.

A digest of a whole table is one small answer, however large the table: reading it all is for when it has changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, select, text

from master.store.database import Database
from master.store.schema import grains
from shoal.wire import decode

_KEYS: Final = text(
    "SELECT md5(coalesce(string_agg(concat_ws(' ', id, fingerprint, state), ',' ORDER BY id, fingerprint), ''))"
    " FROM minions"
)
_TAGS: Final = text(
    "SELECT md5(coalesce(string_agg(concat_ws(' ', minion, key, value), ',' ORDER BY minion, key), '')) FROM tags"
)
_FRESH: Final = text(
    "SELECT jid, minion, state FROM deliveries WHERE is_open AND updated_at >= :since"
    " AND state IN ('queued', 'sent', 'cancelling')"
)
_SEEN: Final = text("SELECT minion, last_seen FROM facts WHERE last_seen >= :since")
_REPORTED: Final = text("SELECT minion, reported FROM facts WHERE reported >= :since")


class Shared:
    """Questions to the shared database. Every method raises StoreError when it is away."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.several = False  # the masters document names more masters than this one

    @property
    def possible(self) -> bool:
        """Say whether other masters may use this database: an SQLite file is one master's."""
        return not self._database.is_sqlite

    def digests(self) -> tuple[str, str]:
        """Return the digests of keys and tags."""
        with self._database.read() as connection:
            return _one(connection, _KEYS), _one(connection, _TAGS)

    def fresh_deliveries(self, since: float) -> list[tuple[str, str, str]]:
        """Return (jid, minion, state) of what is to be sent and has changed since epoch second `since`."""
        with self._database.read() as connection:
            rows = connection.execute(_FRESH, {"since": since})
            return [(row.jid, row.minion, row.state) for row in rows]

    def reported(self, since: float) -> dict[str, float]:
        """Return whose grains have come since epoch second `since`, to whichever master, and when."""
        with self._database.read() as connection:
            return {row.minion: row.reported for row in connection.execute(_REPORTED, {"since": since})}

    def seen(self, since: float) -> dict[str, float]:
        """Return who was heard of since epoch second `since`, by whichever master, and when last."""
        with self._database.read() as connection:
            return {row.minion: row.last_seen for row in connection.execute(_SEEN, {"since": since})}

    def grains(self, minions: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
        """Return what is stored of the grains of these minions: `grains` and their `digest`."""
        query = select(grains.c.minion, grains.c.packed_grains).where(grains.c.minion.in_(minions))
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [(row.minion, decode(row.packed_grains, len(row.packed_grains))) for row in rows]


def _one(connection: Connection, query: object) -> str:
    return str(connection.execute(query).scalar())  # type: ignore[call-overload]
