"""Inserts many rows in few statements: the place where SQL is written for a driver and not for SQLAlchemy.

Why not Core's executemany (measured on two cores):
- SQLite: Python's driver gives up the interpreter lock at every row. While the master's loop is busy, the
  writer thread may wait 5 ms for it again, each time: 5,000 rows took up to 20 s. One statement with the
  values of 256 rows gives it up once: 50 ms; and 2 µs a row when nobody else runs.
- PostgreSQL: psycopg's executemany costs 8 µs of our CPU a row, one statement with a binary array a column
  2 µs, and only the latter can say with RETURNING which rows were new.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

from sqlalchemy import Connection, Table

_STEPS: Final = (
    256,
    64,
    16,
    4,
    1,
)  # few shapes, so that each is prepared once; 256 x 12 values < SQLite's 32,766
_ARRAY_TYPES: Final = {str: "text", bytes: "bytea", bool: "bool", float: "float8", int: "int8"}

RowValues = tuple[Any, ...]


class BulkInsert:
    """`INSERT INTO table (all columns) … tail`; a row is a tuple in the order of the table's columns."""

    def __init__(self, table: Table, tail: str) -> None:
        self._table = table
        self._tail = tail
        self._sql: dict[int, str] = {}

    def run(self, connection: Connection, rows: Sequence[RowValues]) -> int:
        """Insert `rows`; return how many were inserted or changed."""
        if connection.dialect.name != "sqlite":
            return self._arrays(connection, rows, "").rowcount if rows else 0
        count = start = 0
        for step in _STEPS:
            while len(rows) - start >= step:
                values = tuple(chain.from_iterable(rows[start : start + step]))
                count += connection.exec_driver_sql(self._values(connection, step), values).rowcount
                start += step
        return count

    def run_returning(self, connection: Connection, rows: Sequence[RowValues], columns: str) -> list[Any]:
        """Insert `rows` into PostgreSQL; return `columns` of those inserted or changed."""
        if not rows:
            return []
        return list(self._arrays(connection, rows, f" RETURNING {columns}").all())

    def _values(self, connection: Connection, step: int) -> str:
        sql = self._sql.get(step)
        if sql is None:
            row = "(" + ", ".join("?" * len(self._table.columns)) + ")"
            sql = f"{self._into(connection)} VALUES {', '.join([row] * step)} {self._tail}"
            self._sql[step] = sql
        return sql

    def _arrays(self, connection: Connection, rows: Sequence[RowValues], returning: str) -> Any:
        sql = self._sql.get(0)
        if sql is None:
            arrays = ", ".join(f"%b::{_ARRAY_TYPES[c.type.python_type]}[]" for c in self._table.columns)
            # In key order: two masters that store the same rows cannot then lock each other out.
            order = ", ".join(str(number + 1) for number in range(len(self._table.primary_key)))
            select = f"SELECT * FROM unnest({arrays}) ORDER BY {order}"  # noqa: S608 - the schema's own names
            sql = f"{self._into(connection)} {select} {self._tail}"
            self._sql[0] = sql
        return connection.exec_driver_sql(
            sql + returning, tuple(list(column) for column in zip(*rows, strict=True))
        )

    def _into(self, connection: Connection) -> str:
        quote = connection.dialect.identifier_preparer.quote
        names = ", ".join(quote(column.name) for column in self._table.columns)
        return f"INSERT INTO {quote(self._table.name)} ({names})"
