"""What minions put into the mine for others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "mine",
        sa.Column("minion", _KEY, nullable=False),
        sa.Column("name", _KEY, nullable=False),
        sa.Column("allow_kind", sa.Text, nullable=False),
        sa.Column("allow_expr", sa.Text, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.Column("packed", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("minion", "name", name="pk_mine"),
    )
    op.create_index("ix_mine_name", "mine", ["name"])
