"""What Alembic executes for every migration: on the connection it is given, in its transaction."""

from __future__ import annotations

from alembic import context

from master.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by building it anew
)
with context.begin_transaction():
    context.run_migrations()
