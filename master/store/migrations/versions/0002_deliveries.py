"""The outbox: one row per job and minion."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_OPEN = sa.text("is_open")


def upgrade() -> None:
    """Add the table; jobs that are there already were all of mode `now` and need no rows."""
    op.create_table(
        "deliveries",
        sa.Column("jid", _KEY, nullable=False),
        sa.Column("minion", _KEY, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("channel", _KEY, nullable=False),
        sa.Column("expires", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_try", sa.Double, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("jid", "minion", name="pk_deliveries"),
    )
    for name, columns in (("open", ["minion", "jid"]), ("expires", ["expires"])):
        op.create_index(
            f"ix_deliveries_{name}", "deliveries", columns, sqlite_where=_OPEN, postgresql_where=_OPEN
        )
