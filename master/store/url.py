"""The database's URL: which ones are taken, and how a database is named in messages without its password."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from shoal.errors import ConfigError

_SQLITE: Final = ("sqlite", "sqlite+pysqlite")
_POSTGRES: Final = ("postgresql", "postgres", "postgresql+psycopg")
_FORMS: Final = "use sqlite:////absolute/path.db or postgresql://user@host/database"


def parse_url(text: str) -> URL:
    """Return the URL in `text` with the driver that Shoal uses.

    Raises:
        ConfigError: not a URL, another database, or SQLite without a file. The text never shows the URL,
            which may hold a password.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        raise ConfigError(f"the database URL cannot be read: {_FORMS}") from None
    if url.drivername in _POSTGRES:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername not in _SQLITE:
        raise ConfigError(f"the database URL's kind {url.drivername!r} is not supported: {_FORMS}")
    if url.host or url.query or not url.database or url.database == ":memory:":
        raise ConfigError(f"the database URL names no SQLite file: {_FORMS}")
    return url.set(drivername="sqlite+pysqlite", database=str(Path(url.database).absolute()))


def place(url: URL) -> str:
    """Return how messages name the database: its file, or name and host."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    host = url.host or url.query.get("host") or "the local socket"
    return f"{url.database or url.username} at {host}"
