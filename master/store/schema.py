"""The tables, once, for SQLite and PostgreSQL. `migrations/` builds them; a test compares the two.

1. Times are epoch seconds (double), never a date type: the same number on the wire and in the cell.
2. Keys (ids, jids) sort by byte on both databases, so that paging by key means the same on both.
3. What is only ever read whole (arguments, grains, the ids of a job) is one packed cell, not many rows.
4. No cell is NULL where an empty value says the same: bulk inserts on PostgreSQL go by typed arrays.
5. Large cells are the last columns: reading what stands before them does not touch their pages.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

metadata: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)

KEY: Final = Text().with_variant(Text(collation="C"), "postgresql")


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _time(name: str) -> Column[float]:
    return Column(name, Double, nullable=False)


def _blob(name: str) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=False)


jobs: Final = Table(
    "jobs",
    metadata,
    Column("jid", KEY, primary_key=True),
    _text("fun"),
    _text("user"),
    _text("target_kind"),
    _text("target"),
    _text("delimiter"),
    _time("issued"),
    _time("expires"),
    _text("mode"),
    Column("parent", KEY, nullable=False),
    Column("target_count", Integer, nullable=False),
    _blob("call"),  # args, kwargs and how they are to be read: a map, so that it grows without a migration
    _blob("metadata"),
    _blob("targets"),
)

returns: Final = Table(
    "returns",
    metadata,
    Column("jid", KEY, primary_key=True),
    Column("minion", KEY, primary_key=True),
    _text("fun"),
    _text("outcome"),
    Column("retcode", BigInteger, nullable=False),
    Column("success", Boolean, nullable=False),
    _time("started"),
    _time("duration_s"),
    Column("trimmed", BigInteger, nullable=False),
    _text("out"),
    _time("stored_at"),
    _blob("packed"),
)

RETURN_UNKNOWN: Final = text("outcome = 'outcome_unknown'")  # word for word the index's condition
Index(
    "ix_returns_unknown",
    returns.c.jid,
    sqlite_where=RETURN_UNKNOWN,
    postgresql_where=RETURN_UNKNOWN,
)

resolutions: Final = Table(
    "resolutions",
    metadata,
    Column("jid", KEY, primary_key=True),
    Column("minion", KEY, primary_key=True),
    _text("verdict"),
    _text("comment"),
    _text("resolved_by"),
    _time("resolved_at"),
)

# `is_open` follows from `state`. It is a column so that the indexes' condition stays the same while a delivery
# moves from queued to running: those updates then touch no index (on PostgreSQL they are heap-only).
deliveries: Final = Table(
    "deliveries",
    metadata,
    Column("jid", KEY, primary_key=True),
    Column("minion", KEY, primary_key=True),
    _text("state"),
    Column("is_open", Boolean, nullable=False),
    Column("channel", KEY, nullable=False),
    _time("expires"),
    _time("updated_at"),
    Column("attempts", Integer, nullable=False),
    _time("next_try"),
    _text("reason"),
)
DELIVERY_OPEN: Final = text("is_open")  # word for word the indexes' condition, or SQLite does not use them
Index(
    "ix_deliveries_open",
    deliveries.c.minion,
    deliveries.c.jid,
    sqlite_where=DELIVERY_OPEN,
    postgresql_where=DELIVERY_OPEN,
)
Index(
    "ix_deliveries_expires",
    deliveries.c.expires,
    sqlite_where=DELIVERY_OPEN,
    postgresql_where=DELIVERY_OPEN,
)

# A return that waits for a returner is a row here and not a second copy of the value: retention leaves it alone.
dispatches: Final = Table(
    "dispatches",
    metadata,
    Column("returner", KEY, primary_key=True),
    Column("jid", KEY, primary_key=True),
    Column("minion", KEY, primary_key=True),
    _time("queued_at"),
)

dead_letters: Final = Table(
    "dead_letters",
    metadata,
    Column("returner", KEY, primary_key=True),
    Column("jid", KEY, primary_key=True),
    Column("minion", KEY, primary_key=True),
    _time("died_at"),
    _text("reason"),
)

minions: Final = Table(
    "minions",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("fingerprint", KEY, primary_key=True),
    Column("id_folded", KEY, nullable=False),
    _text("state"),
    _blob("curve_key"),
    _blob("sign_key"),
    _time("first_seen"),
    _time("changed_at"),
    _text("source"),
    _text("reason"),
)
_HELD: Final = text("state <> 'denied'")
_ACCEPTED: Final = text("state = 'accepted'")
Index("uq_minions_held", minions.c.id, unique=True, sqlite_where=_HELD, postgresql_where=_HELD)
Index(
    "uq_minions_accepted_curve_key",
    minions.c.curve_key,
    unique=True,
    sqlite_where=_ACCEPTED,
    postgresql_where=_ACCEPTED,
)
Index("ix_minions_id_folded", minions.c.id_folded)
Index("ix_minions_curve_key", minions.c.curve_key)

facts: Final = Table(
    "facts",
    metadata,
    Column("minion", KEY, primary_key=True),
    _text("version"),
    _text("boot_id"),
    _text("address"),
    _time("last_seen"),
    _time("reported"),
)

# Beside the facts and not in them: SQLite writes a whole row anew when `last_seen` moves.
grains: Final = Table(
    "grains",
    metadata,
    Column("minion", KEY, primary_key=True),
    _blob("packed_grains"),
)

tags: Final = Table(
    "tags",
    metadata,
    Column("minion", KEY, primary_key=True),
    Column("key", KEY, primary_key=True),
    _text("value"),
)

mine: Final = Table(
    "mine",
    metadata,
    Column("minion", KEY, primary_key=True),
    Column("name", KEY, primary_key=True),
    _text("allow_kind"),
    _text("allow_expr"),
    _time("updated_at"),
    _blob("packed"),
)
Index("ix_mine_name", mine.c.name)

tokens: Final = Table(
    "tokens",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("secret_hash", LargeBinary, nullable=False),
    _time("created"),
    _time("expires"),
    Column("uses_left", Integer, nullable=False),
    Column("max_uses", Integer, nullable=False),
    _text("site"),
    _text("created_by"),
    Column("revoked_at", Double, nullable=True),
    _text("comment"),
    _blob("tags"),
)
Index("uq_tokens_secret_hash", tokens.c.secret_hash, unique=True)

settings: Final = Table(
    "settings",
    metadata,
    Column("key", KEY, primary_key=True),
    _blob("value"),
)

# Everything kept about a minion besides its keys and its history of returns. Deleting the key empties these,
# so that a box that registers the same id later inherits nothing. Deliveries are history as returns are; the
# open ones end as undeliverable when the key goes.
OF_A_MINION: Final = (facts, grains, tags, mine)
