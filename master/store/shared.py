"""What the masters that share a database ask to learn what the others have done. PostgreSQL only.

A digest of a whole table is one small answer, however large the table: reading it all is for when it has changed.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

from master.store.database import Database

_KEYS: Final = text(
    "SELECT md5(coalesce(string_agg(concat_ws(' ', id, fingerprint, state), ',' ORDER BY id, fingerprint), ''))"
    " FROM minions"
)
_TAGS: Final = text(
    "SELECT md5(coalesce(string_agg(concat_ws(' ', minion, key, value), ',' ORDER BY minion, key), '')) FROM tags"
)
_FRESH: Final = text(
    "SELECT jid, minion FROM deliveries WHERE is_open AND updated_at >= :since"
    " AND state IN ('queued', 'sent', 'cancelling')"
)


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

    def fresh_deliveries(self, since: float) -> list[tuple[str, str]]:
        """Return (jid, minion) of what is to be sent and has changed since epoch second `since`."""
        with self._database.read() as connection:
            return [(row.jid, row.minion) for row in connection.execute(_FRESH, {"since": since})]


def _one(connection: Connection, query: object) -> str:
    return str(connection.execute(query).scalar())  # type: ignore[call-overload]
