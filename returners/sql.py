"""`sql`: a row for each return in any database that SQLAlchemy speaks to.

1. The table, `shoal_returns` unless another name is given, is made if it is missing; one that is there is used.
2. A return that is there already stays as it is: what is delivered twice is one row.
3. One connection a batch: a database that was restarted, or a host that vanished, costs one try and no more.
"""

# ruff: noqa: RUF009 - setting() is dataclasses.field() with rules

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Engine,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    insert,
    select,
)
from sqlalchemy.dialects.mysql import MEDIUMTEXT
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.pool import NullPool

from returners.contract import Batch, ReturnCopy, ReturnerOptions
from returners.document import as_json, document
from returners.secret_text import one_of
from shoal.config.setting import setting
from shoal.errors import ConfigError, ReceiverAwayError, RefusedError, ReturnerError, TryAgainError
from shoal.secret import Secret

_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_PATIENCE_S: Final = 10
_WAITS: Final = {"postgresql": "connect_timeout", "mysql": "connect_timeout", "mariadb": "connect_timeout"}
_LONG: Final = Text().with_variant(MEDIUMTEXT(), "mysql", "mariadb")


def _table_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("use lower-case letters, digits and _, at most 63")
    return name


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlOptions(ReturnerOptions):
    """The options of `sql`."""

    url: Secret = setting(Secret(""), "Database, as SQLAlchemy writes it: driver://user:password@host/name")
    url_file: Path | None = setting(None, "File with that URL, mode 0600")
    table: str = setting("shoal_returns", "Name of the table", check=_table_name)

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", one_of(self.url, self.url_file, "url"))
        if not self.url:
            raise ConfigError("'url' is missing (a database, or 'url_file' with one in it)")


class SqlReturner:
    """See the module docstring."""

    Options = SqlOptions

    def __init__(self, options: SqlOptions) -> None:
        url = _parsed(options.url)
        self._place = url.set(query={}).render_as_string(hide_password=True)
        self._table = _table(options.table)
        self._engine = _engine(url)
        self._made = False

    def deliver(self, batch: Batch) -> None:
        """Insert what is not there yet, in one transaction. Raises ReturnerError."""
        try:
            self._make_table()
            with self._engine.begin() as connection:
                key = (self._table.c.jid, self._table.c.minion)
                there = select(*key).where(
                    key[0].in_({copy.jid for copy in batch}), key[1].in_({copy.minion for copy in batch})
                )
                known = {(row.jid, row.minion) for row in connection.execute(there)}
                rows = [_row(copy) for copy in batch if (copy.jid, copy.minion) not in known]
                if rows:
                    connection.execute(insert(self._table), rows)
        except _STRANGE as error:
            raise self._translated(error) from None

    def check(self) -> None:
        """Connect and look at the table, making it if it is missing. Raises ReturnerError."""
        try:
            self._made = False
            self._make_table()
            with self._engine.connect() as connection:
                connection.execute(select(self._table).limit(1)).first()
        except _STRANGE as error:
            raise self._translated(error) from None

    def _make_table(self) -> None:
        if not self._made:
            self._table.metadata.create_all(self._engine)
            self._made = True

    def _translated(self, error: BaseException) -> ReturnerError:
        """Return the error in our words: a driver's own may quote rows or show the URL."""
        cause = getattr(error, "orig", None) or error
        state = getattr(cause, "sqlstate", None) or ""
        self._made = False  # the table may have gone
        if isinstance(error, DataError) or not isinstance(error, SQLAlchemyError):
            return RefusedError(f"{self._place} cannot hold a value ({type(cause).__name__})")
        said = f"{self._place}: {type(cause).__name__}{f' {state}' if state else ''}{_primary(cause)}"
        lost = isinstance(error, DBAPIError) and error.connection_invalidated
        if lost or (isinstance(error, (OperationalError, InterfaceError)) and state[:2] in ("", "08", "57")):
            return ReceiverAwayError(said)
        if isinstance(error, IntegrityError):
            return TryAgainError(f"{self._place}: another writer has stored the same return meanwhile")
        return TryAgainError(said)


_STRANGE: Final = (
    SQLAlchemyError,
    OverflowError,
    UnicodeError,
)  # the last two: numbers or text that no cell holds


def _parsed(secret: Secret) -> URL:
    try:
        url = make_url(secret.reveal())
        own = url.drivername in ("postgresql", "postgres")  # the driver that the master's store uses too
        return url.set(drivername="postgresql+psycopg") if own else url
    except (ArgumentError, ValueError):
        raise ConfigError("'url' is not driver://user:password@host/name") from None


def _engine(url: URL) -> Engine:
    wait = _WAITS.get(url.get_backend_name())
    arguments = {wait: _PATIENCE_S} if wait and wait not in url.query else {}
    try:
        return create_engine(url, hide_parameters=True, poolclass=NullPool, connect_args=arguments)
    except NoSuchModuleError:
        raise ConfigError(f"'url': SQLAlchemy knows no database {url.drivername[:40]!r}") from None
    except ImportError as error:
        raise ConfigError(f"'url': its driver is missing: pip install {error.name}") from None
    except (SQLAlchemyError, TypeError):
        raise ConfigError("'url' is not what its driver expects") from None


def _table(name: str) -> Table:
    return Table(
        name,
        MetaData(),
        Column("jid", String(20), primary_key=True),
        Column("minion", String(253), primary_key=True),
        Column("fun", String(130), nullable=False),
        Column("user", String(128), nullable=False),
        Column("outcome", String(32), nullable=False),
        Column("retcode", BigInteger, nullable=False),
        Column("success", Boolean, nullable=False),
        Column("started", Double, nullable=False),
        Column("duration_s", Double, nullable=False),
        Column("stored_at", Double, nullable=False),
        Column("return_json", _LONG, nullable=False),
        Column("arguments_json", _LONG, nullable=True),
    )


def _row(copy: ReturnCopy) -> dict[str, Any]:
    told = document(copy)
    arguments = {"args": told["fun_args"], "kwargs": told["fun_kwargs"]} if "fun_args" in told else None
    return {
        "jid": copy.jid,
        "minion": copy.minion,
        "fun": copy.fun,
        "user": copy.user.replace("\0", ""),
        "outcome": copy.outcome,
        "retcode": copy.retcode,
        "success": copy.success,
        "started": copy.started,
        "duration_s": copy.duration_s,
        "stored_at": copy.stored_at,
        "return_json": as_json(told["return"]),
        "arguments_json": None if arguments is None else as_json(arguments),
    }


def _primary(cause: BaseException) -> str:
    """Return what PostgreSQL or SQLite say without the rows they were given."""
    text = getattr(getattr(cause, "diag", None), "message_primary", None)
    if text is None and type(cause).__module__ == "sqlite3":
        text = str(cause)
    return f": {text.splitlines()[0][:200]}" if text else ""
