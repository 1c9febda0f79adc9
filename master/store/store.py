"""The master's database, opened: one object with a repository per noun, and what spans several of them.

Everything here blocks and may be called from any thread: the master's group-commit writer, or readers by
`asyncio.to_thread`. A call is one transaction; when it returns, what it wrote is on the disk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import TracebackType

from master.store import minion_rows
from master.store.database import Database
from master.store.deliveries import Deliveries
from master.store.delivery_rows import OutboxBatch, insert_silences, mark_returned, mark_rows
from master.store.dispatches import Dispatches, insert_dispatches
from master.store.facts import FactsRecord, FactsTable, update_seen, upsert_facts
from master.store.jobs import JobRecord, Jobs, insert_jobs
from master.store.migrate import bring_up_to_date
from master.store.mine import Mine
from master.store.minion_record import ACCEPTED, REJECTED, MinionRecord
from master.store.minions import Minions
from master.store.resolutions import Resolutions
from master.store.retention import Retention
from master.store.returns import Key, Returns, insert_returns
from master.store.settings import Settings
from master.store.shared import Shared
from master.store.tags import Tags, upsert_tags
from master.store.tokens import Tokens, consume_token, token_tags
from shoal.clock import Clock
from shoal.errors import StoreError
from shoal.returns import Return

_LOCK_WAIT_S = 5.0


class Store:
    """What the master remembers. Made by `open_store`; also a context manager that closes."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database  # for tests and migrations; the master's other rooms use what follows
        self.jobs = Jobs(database)
        self.returns = Returns(database, clock)
        self.deliveries = Deliveries(database, clock)
        self.dispatches = Dispatches(database, clock)
        self.resolutions = Resolutions(database, clock)
        self.minions = Minions(database, clock)
        self.facts = FactsTable(database)
        self.tags = Tags(database)
        self.mine = Mine(database)
        self.tokens = Tokens(database, clock)
        self.settings = Settings(database)
        self.shared = Shared(database)
        self.retention = Retention(database, clock)
        self._clock = clock

    def commit_batch(
        self,
        *,
        jobs: Sequence[JobRecord] = (),
        returns: Sequence[Return] = (),
        facts: Sequence[FactsRecord] = (),
        seen: Mapping[str, float] | None = None,
        outbox: OutboxBatch | None = None,
        wanted: Mapping[Key, Sequence[str]] | None = None,
    ) -> set[Key]:
        """Store all of it in one transaction; return the (jid, minion) of the returns that are new.

        `wanted` names the returners of those returns that any is to get; a return that is not new goes to none.

        Raises:
            StoreError: nothing at all was stored.
        """
        now = self._clock.time()
        with self.database.write() as connection:
            insert_jobs(connection, jobs)
            new = insert_returns(connection, returns, now) if returns else set()
            if wanted:
                insert_dispatches(connection, wanted, new, now)
            if outbox is not None:
                mark_rows(connection, outbox.marks)
                insert_silences(connection, outbox.silences)
                keys = [(each.jid, each.minion) for each in returns if each.jid in outbox.outboxed]
                mark_returned(connection, keys, now)
            if facts:
                upsert_facts(connection, facts)
            if seen:
                update_seen(connection, seen)
        return new

    def admit(self, record: MinionRecord, token: str) -> bool:
        """Accept the minion's key for one use of join token `token`, with the token's tags: all or nothing.

        A minion that lost our answer and asks again with the key that is accepted by now costs no use.

        Returns:
            False if the token is used up, expired, revoked or unknown; nothing is changed then.

        Raises:
            StoreError: the id holds another key, an operator rejected this one, or another id has it.
        """
        now = self._clock.time()
        with self.database.write() as connection:
            present = minion_rows.held(connection, record.id)
            if present is not None and present.fingerprint == record.fingerprint:
                if present.state == ACCEPTED:
                    return True
                if present.state == REJECTED:
                    raise StoreError(f"minion {record.id} was rejected: a join token does not change that")
            if not consume_token(connection, token, now):
                return False
            first_seen = record.first_seen if present is None else present.first_seen
            admitted = replace(record, state=ACCEPTED, changed_at=now, first_seen=first_seen)
            minion_rows.put(connection, admitted)
            upsert_tags(connection, {record.id: token_tags(connection, token)})
            return True

    def close(self) -> None:
        """Close all connections."""
        self.database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(url: str, clock: Clock, *, lock_wait_s: float = _LOCK_WAIT_S) -> Store:
    """Open the database at `url`, creating the SQLite file (0600) and the tables if they are missing.

    `url` is `sqlite:////absolute/path.db` or `postgresql://user@host/database`. `lock_wait_s` is how long a
    call waits for a lock that another process holds.

    Raises:
        ConfigError: the URL is not one of these, or psycopg is not installed.
        StoreError: the database cannot be opened, is damaged, or has the schema of a newer release.
    """
    database = Database(url, lock_wait_s)
    try:
        database.prepare()
        bring_up_to_date(database)
    except BaseException:
        database.close()
        raise
    return Store(database, clock)
