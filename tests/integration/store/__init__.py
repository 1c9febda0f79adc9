"""The master's store against real databases: every test here runs on SQLite and on PostgreSQL."""
