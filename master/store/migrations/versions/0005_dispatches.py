"""Returns that wait for a returner, and those that one has given up."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add both tables."""
    op.create_table(
        "dispatches",
        sa.Column("returner", _KEY, nullable=False),
        sa.Column("jid", _KEY, nullable=False),
        sa.Column("minion", _KEY, nullable=False),
        sa.Column("queued_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("returner", "jid", "minion", name="pk_dispatches"),
    )
    op.create_table(
        "dead_letters",
        sa.Column("returner", _KEY, nullable=False),
        sa.Column("jid", _KEY, nullable=False),
        sa.Column("minion", _KEY, nullable=False),
        sa.Column("died_at", sa.Double, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("returner", "jid", "minion", name="pk_dead_letters"),
    )
