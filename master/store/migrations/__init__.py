"""Alembic's migrations of the master's database; run by `master.store.migrate`, never by hand."""
