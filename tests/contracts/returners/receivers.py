"""Real receivers, one of each kind, under one handle: what came there, and how to break and mend it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from returners.contract import Returner
from returners.document import document
from returners.jsonl import JsonlOptions, JsonlReturner
from returners.memory import MemoryOptions, MemoryReturner
from returners.sql import SqlOptions, SqlReturner
from returners.webhook import WebhookOptions, WebhookReturner
from shoal.errors import ReceiverAwayError
from shoal.secret import Secret
from tests.web_receiver import web_receiver

PASSWORD = "correct-horse-battery"


@dataclass
class Receiver:
    """One receiver and its returner."""

    returner: Returner
    came: Callable[[], list[dict[str, Any]]]  # jid, id, return, retcode, success, fun_args of each, in order
    break_it: Callable[[], None]
    mend: Callable[[], None]
    once: bool  # keeps only the first of what is delivered twice


@contextmanager
def memory(_folder: Path, arguments: bool) -> Iterator[Receiver]:
    made = MemoryReturner(MemoryOptions(type="memory", send_arguments=arguments))

    def came() -> list[dict[str, Any]]:
        return [{"fun_args": None, **document(copy)} for copy in made.taken.values()]

    yield Receiver(
        made,
        came,
        break_it=lambda: setattr(made, "error", ReceiverAwayError("it was told so")),
        mend=lambda: setattr(made, "error", None),
        once=True,
    )


@contextmanager
def jsonl(folder: Path, arguments: bool) -> Iterator[Receiver]:
    path = folder / "logs/returns.jsonl"
    path.parent.mkdir()
    made = JsonlReturner(JsonlOptions(type="jsonl", path=path, send_arguments=arguments))
    yield Receiver(
        made,
        came=lambda: [{"fun_args": None, **json.loads(line)} for line in path.read_text().splitlines()],
        break_it=lambda: _rename(path.parent, folder / "away"),
        mend=lambda: _rename(folder / "away", path.parent),
        once=False,
    )


@contextmanager
def sql(
    url: str, arguments: bool, break_it: Callable[[], None], mend: Callable[[], None]
) -> Iterator[Receiver]:
    made = SqlReturner(SqlOptions(type="sql", url=Secret(url), send_arguments=arguments))

    def came() -> list[dict[str, Any]]:
        engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)
        with engine.connect() as connection:
            rows = list(
                connection.execute(text("SELECT * FROM shoal_returns ORDER BY jid, minion")).mappings()
            )
        return [
            {
                "jid": row["jid"], "id": row["minion"], "return": json.loads(row["return_json"]),
                "retcode": row["retcode"], "success": bool(row["success"]),
                "fun_args": json.loads(row["arguments_json"])["args"] if row["arguments_json"] else None,
            }
            for row in rows
        ]  # fmt: skip

    yield Receiver(made, came, break_it=break_it, mend=mend, once=True)


@contextmanager
def webhook(_folder: Path, arguments: bool) -> Iterator[Receiver]:
    with web_receiver() as web:
        made = WebhookReturner(
            WebhookOptions(
                type="webhook", url=Secret(f"{web.url}?key={PASSWORD}"), secret=Secret(PASSWORD),
                allow_local=True, send_arguments=arguments,
            )
        )  # fmt: skip

        def came() -> list[dict[str, Any]]:
            return [{"fun_args": None, **each} for each in web.taken()]

        yield Receiver(
            made,
            came,
            break_it=lambda: setattr(web, "status", 503),
            mend=lambda: setattr(web, "status", 200),
            once=False,
        )


def _rename(old: Path, new: Path) -> None:
    old.rename(new)
