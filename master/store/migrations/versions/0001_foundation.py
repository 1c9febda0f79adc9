"""Jobs, returns, minion keys, facts, tags, join tokens and settings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _times(*names: str) -> list[sa.Column[float]]:
    return [sa.Column(name, sa.Double, nullable=False) for name in names]


def _blobs(*names: str) -> list[sa.Column[bytes]]:
    return [sa.Column(name, sa.LargeBinary, nullable=False) for name in names]


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, _KEY, nullable=False)


def upgrade() -> None:
    """Build all tables in an empty database."""
    _jobs_and_returns()
    _minions()
    _facts_and_tags()
    _tokens_and_settings()


def _jobs_and_returns() -> None:
    op.create_table(
        "jobs",
        _key("jid"),
        *_text("fun", "user", "target_kind", "target", "delimiter"),
        *_times("issued", "expires"),
        *_text("mode"),
        _key("parent"),
        sa.Column("target_count", sa.Integer, nullable=False),
        *_blobs("call", "metadata", "targets"),
        sa.PrimaryKeyConstraint("jid", name="pk_jobs"),
    )
    op.create_table(
        "returns",
        _key("jid"),
        _key("minion"),
        *_text("fun", "outcome"),
        sa.Column("retcode", sa.BigInteger, nullable=False),
        sa.Column("success", sa.Boolean, nullable=False),
        *_times("started", "duration_s"),
        sa.Column("trimmed", sa.BigInteger, nullable=False),
        *_text("out"),
        *_times("stored_at"),
        *_blobs("packed"),
        sa.PrimaryKeyConstraint("jid", "minion", name="pk_returns"),
    )


def _minions() -> None:
    op.create_table(
        "minions",
        _key("id"),
        _key("fingerprint"),
        _key("id_folded"),
        *_text("state"),
        *_blobs("curve_key", "sign_key"),
        *_times("first_seen", "changed_at"),
        *_text("source", "reason"),
        sa.PrimaryKeyConstraint("id", "fingerprint", name="pk_minions"),
    )
    _unique_where("uq_minions_held", "id", "state <> 'denied'")
    _unique_where("uq_minions_accepted_curve_key", "curve_key", "state = 'accepted'")
    for column in ("id_folded", "curve_key"):
        op.create_index(f"ix_minions_{column}", "minions", [column])


def _unique_where(name: str, column: str, condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "minions", [column], unique=True, sqlite_where=where, postgresql_where=where)


def _facts_and_tags() -> None:
    op.create_table(
        "facts",
        _key("minion"),
        *_text("version", "boot_id", "address"),
        *_times("last_seen", "reported"),
        sa.PrimaryKeyConstraint("minion", name="pk_facts"),
    )
    op.create_table(
        "grains",
        _key("minion"),
        *_blobs("packed_grains"),
        sa.PrimaryKeyConstraint("minion", name="pk_grains"),
    )
    op.create_table(
        "tags",
        _key("minion"),
        _key("key"),
        *_text("value"),
        sa.PrimaryKeyConstraint("minion", "key", name="pk_tags"),
    )


def _tokens_and_settings() -> None:
    op.create_table(
        "tokens",
        _key("id"),
        *_blobs("secret_hash"),
        *_times("created", "expires"),
        sa.Column("uses_left", sa.Integer, nullable=False),
        sa.Column("max_uses", sa.Integer, nullable=False),
        *_text("site", "created_by"),
        sa.Column("revoked_at", sa.Double, nullable=True),
        *_text("comment"),
        *_blobs("tags"),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
    )
    op.create_index("uq_tokens_secret_hash", "tokens", ["secret_hash"], unique=True)
    op.create_table(
        "settings", _key("key"), *_blobs("value"), sa.PrimaryKeyConstraint("key", name="pk_settings")
    )
