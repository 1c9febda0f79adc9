"""What people found out about jobs whose outcome was unknown."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_UNKNOWN = sa.text("outcome = 'outcome_unknown'")


def upgrade() -> None:
    """Add the table, and an index that finds the returns it is about."""
    op.create_table(
        "resolutions",
        sa.Column("jid", _KEY, nullable=False),
        sa.Column("minion", _KEY, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("resolved_by", sa.Text, nullable=False),
        sa.Column("resolved_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("jid", "minion", name="pk_resolutions"),
    )
    op.create_index(
        "ix_returns_unknown", "returns", ["jid"], sqlite_where=_UNKNOWN, postgresql_where=_UNKNOWN
    )
