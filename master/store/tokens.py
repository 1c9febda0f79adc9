"""Join tokens: each lets a counted number of new minions in until it expires. Only a hash is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, insert, select, update

from master.store.cells import pack_value, unpack_value
from master.store.database import Database
from master.store.schema import tokens
from shoal.clock import Clock
from shoal.errors import StoreError


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRecord:
    """A join token. Times are epoch seconds."""

    id: str
    secret_hash: bytes = field(repr=False)
    created: float
    expires: float
    uses_left: int
    max_uses: int
    tags: Mapping[str, str] = field(default_factory=dict)  # what a minion that joins by it is given
    site: str = ""
    created_by: str = ""
    revoked_at: float | None = None
    comment: str = ""


_COLUMNS: Final = tuple(tokens.c[item.name] for item in fields(TokenRecord))


class Tokens:
    """The tokens table."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def create(self, record: TokenRecord) -> None:
        """Store a new token. Raises StoreError, also when its id or hash is taken."""
        values = {item.name: getattr(record, item.name) for item in fields(TokenRecord)}
        values["tags"] = pack_value(dict(record.tags))
        with self._database.write() as connection:
            connection.execute(insert(tokens).values(values))

    def get(self, token: str) -> TokenRecord | None:
        """Return the token with this id, used up or not, or None. Raises StoreError."""
        return self._one(tokens.c.id == token)

    def by_hash(self, secret_hash: bytes) -> TokenRecord | None:
        """Return the token with this hash of its secret, used up or not, or None. Raises StoreError."""
        return self._one(tokens.c.secret_hash == secret_hash)

    def consume(self, token: str) -> bool:
        """Use the token once; False if it is used up, expired, revoked or unknown.

        Safe against any number of callers at once: a token of n uses says True n times. Raises StoreError.
        """
        with self._database.write() as connection:
            return consume_token(connection, token, self._clock.time())

    def all(self) -> tuple[TokenRecord, ...]:
        """Return all tokens, newest first. Raises StoreError."""
        query = select(*_COLUMNS).order_by(tokens.c.created.desc(), tokens.c.id)
        with self._database.read() as connection:
            return tuple(_record(row) for row in connection.execute(query))

    def revoke(self, token: str) -> bool:
        """End the token now; False if it is unknown or was revoked before. Raises StoreError."""
        query = update(tokens).where(tokens.c.id == token, tokens.c.revoked_at.is_(None))
        with self._database.write() as connection:
            return connection.execute(query.values(revoked_at=self._clock.time())).rowcount == 1

    def _one(self, condition: ColumnElement[bool]) -> TokenRecord | None:
        with self._database.read() as connection:
            row = connection.execute(select(*_COLUMNS).where(condition)).first()
        return None if row is None else _record(row)


def consume_token(connection: Connection, token: str, now: float) -> bool:
    """Use the token once in the caller's transaction; False if it cannot be used."""
    query = update(tokens).where(
        tokens.c.id == token,
        tokens.c.uses_left > 0,
        tokens.c.expires > now,
        tokens.c.revoked_at.is_(None),
    )
    return connection.execute(query.values(uses_left=tokens.c.uses_left - 1)).rowcount == 1


def token_tags(connection: Connection, token: str) -> dict[str, str]:
    """Return what the token gives to a minion: its tags, and its site as the tag `site`."""
    row = connection.execute(select(*_COLUMNS).where(tokens.c.id == token)).first()
    if row is None:
        raise StoreError(f"join token {token} is gone")
    record = _record(row)
    return dict(record.tags) | ({"site": record.site} if record.site else {})


def _record(row: Any) -> TokenRecord:
    values = dict(row._mapping)
    values["tags"] = unpack_value(values["tags"], f"join token {values['id']}")
    return TokenRecord(**values)
