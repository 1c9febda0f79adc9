"""The suite runs once for each receiver, with and without the job's arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import psycopg
import pytest

from tests.contracts.returners import receivers
from tests.contracts.returners.receivers import Receiver
from tests.postgres import PostgresServer, postgres_server

__all__ = ["postgres_server"]

ALTER = "ALTER TABLE IF EXISTS"
Make = Callable[..., Receiver]


def sqlite_receiver(folder: Path, arguments: bool) -> AbstractContextManager[Receiver]:
    path = folder / "copies.db"
    # Something that is no database lies in its place meanwhile.
    aside = folder / "aside"

    def break_it() -> None:
        if path.exists():
            path.rename(aside)
        path.write_bytes(b"no database at all" * 100)

    def mend() -> None:
        path.unlink()
        if aside.exists():
            aside.rename(path)

    return receivers.sql(f"sqlite:///{path}", arguments, break_it, mend)


def postgres_receiver(url: str, arguments: bool) -> AbstractContextManager[Receiver]:
    def grant(what: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(what)

    # The table is there, and not of our making: what an operator's mistake looks like.
    return receivers.sql(
        url,
        arguments,
        break_it=lambda: grant(f"{ALTER} shoal_returns RENAME TO kept; CREATE TABLE shoal_returns (x int)"),
        mend=lambda: grant(f"DROP TABLE shoal_returns; {ALTER} kept RENAME TO shoal_returns"),
    )


@pytest.fixture(params=["memory", "jsonl", "sqlite", "postgresql", "webhook"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Return what makes a receiver of one kind."""
    with ExitStack() as stack:

        def made(*, arguments: bool = False) -> Receiver:
            if request.param == "postgresql":
                server: PostgresServer = request.getfixturevalue("postgres_server")
                return stack.enter_context(
                    postgres_receiver(stack.enter_context(server.database()), arguments)
                )
            if request.param == "sqlite":
                return stack.enter_context(sqlite_receiver(tmp_path, arguments))
            return stack.enter_context(getattr(receivers, request.param)(tmp_path, arguments))

        yield made
