"""`sql`: what its errors say and hide, and a table that is there already."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from returners.sql import SqlOptions, SqlReturner
from shoal.errors import ConfigError, ReceiverAwayError, ReturnerError, TryAgainError
from shoal.secret import Secret
from tests.contracts.returners.samples import copy
from tests.fleet import free_ports
from tests.postgres import PostgresServer, postgres_server

__all__ = ["postgres_server"]


def returner(url: str, **options: Any) -> SqlReturner:
    return SqlReturner(SqlOptions(type="sql", url=Secret(url), **options))


def test_server_that_is_down_is_away_and_its_password_is_hidden() -> None:
    port = free_ports(1)[0]
    with pytest.raises(ReceiverAwayError) as said:
        returner(f"postgresql://anna:open-sesame@127.0.0.1:{port}/copies").deliver((copy(),))
    assert str(said.value).startswith(
        f"postgresql+psycopg://anna:***@127.0.0.1:{port}/copies: OperationalError"
    )
    assert "open-sesame" not in str(said.value)


def test_server_that_stops_is_away_until_it_is_back(postgres_server: PostgresServer) -> None:
    with postgres_server.database() as url:
        made = returner(url)
        made.deliver((copy("web1"),))
        with postgres_server.away(), pytest.raises(ReceiverAwayError):
            made.deliver((copy("web2"),))
        made.deliver((copy("web2"),))


def test_table_of_an_operator_is_used_and_one_that_went_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    made = returner(f"sqlite:///{path}", table="answers")
    made.deliver((copy("web1"),))
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE answers")
    with pytest.raises(ReturnerError):
        made.deliver((copy("web1"),))
    made.deliver((copy("web1"),))
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT minion FROM answers").fetchall() == [("web1",)]


def test_value_is_not_quoted_when_a_table_refuses_it(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    made = returner(f"sqlite:///{path}")
    made.check()
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TRIGGER no BEFORE INSERT ON shoal_returns BEGIN SELECT RAISE(ABORT, 'not today'); END"
        )
    with pytest.raises(TryAgainError) as said:
        made.deliver((copy("web1", "pass-phrase-in-a-value"),))
    assert "pass-phrase" not in str(said.value)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("nonsense", "'url' is not driver://user:password@host/name"),
        ("oracel://x/y", "'url': SQLAlchemy knows no database 'oracel'"),
        ("mssql+nosuchdriver://x/y", "'url': SQLAlchemy knows no database 'mssql+nosuchdriver'"),
        ("mysql+pymysql://x/y", "'url': its driver is missing: pip install pymysql"),
        ("", "'url' is missing (a database, or 'url_file' with one in it)"),
    ],
)
def test_url_that_cannot_be_used_is_said(url: str, text: str) -> None:
    with pytest.raises(ConfigError) as said:
        returner(url)
    assert str(said.value) == text
