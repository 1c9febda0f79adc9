from __future__ import annotations

from pathlib import Path

import pytest

from master.store.url import parse_url, place
from shoal.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "driver", "named"),
    [
        ("sqlite:////var/lib/shoal/master.db", "sqlite+pysqlite", "/var/lib/shoal/master.db"),
        ("sqlite:///master.db", "sqlite+pysqlite", f"{Path.cwd()}/master.db"),
        ("postgresql://anna:s3cret@db.example/shoal", "postgresql+psycopg", "shoal at db.example"),
        ("postgres://anna@db.example/shoal", "postgresql+psycopg", "shoal at db.example"),
        ("postgresql+psycopg://anna@/shoal?host=/run/pg", "postgresql+psycopg", "shoal at /run/pg"),
        ("postgresql:///shoal", "postgresql+psycopg", "shoal at the local socket"),
    ],
)
def test_url_is_taken_and_named_without_its_password(text: str, driver: str, named: str) -> None:
    url = parse_url(text)
    assert url.drivername == driver
    assert place(url) == named


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "cannot be read"),
        ("/var/lib/shoal/master.db", "cannot be read"),
        ("postgresql://anna:s3cret@host:port/shoal", "cannot be read"),
        ("mysql://anna:s3cret@host/shoal", "'mysql' is not supported"),
        ("postgresql+asyncpg://anna:s3cret@host/shoal", "'postgresql\\+asyncpg' is not supported"),
        ("sqlite://", "no SQLite file"),
        ("sqlite:///:memory:", "no SQLite file"),
        ("sqlite://master.db", "no SQLite file"),
        ("sqlite:////x.db?mode=memory", "no SQLite file"),
    ],
)
def test_url_of_nothing_we_know_is_refused_and_not_shown(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        parse_url(text)
    assert "s3cret" not in str(caught.value)
