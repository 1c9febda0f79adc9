"""The master's memory: jobs, deliveries, returns, minion keys, facts, tags, join tokens, settings.

SQLite in a file or PostgreSQL by URL, one schema. SQLAlchemy and Alembic are imported in this package only;
what goes in and out are frozen records. It decides nothing about trust: it stores what other rooms decided.
"""

from __future__ import annotations

from master.store.deliveries import Cancelled, Deliveries, Delivery
from master.store.delivery_rows import DeliveryChange, OutboxBatch
from master.store.facts import FactsRecord, FactsTable
from master.store.job_filter import JobFilter
from master.store.jobs import JobRecord, Jobs, ListedJob
from master.store.minion_record import ACCEPTED, DENIED, PENDING, REJECTED, STATES, MinionRecord
from master.store.minions import Minions
from master.store.retention import Retention
from master.store.returns import JobSummary, Key, Returns
from master.store.settings import Settings
from master.store.store import Store, open_store
from master.store.tags import Tags
from master.store.tokens import TokenRecord, Tokens

__all__ = [
    "ACCEPTED",
    "DENIED",
    "PENDING",
    "REJECTED",
    "STATES",
    "Cancelled",
    "Deliveries",
    "Delivery",
    "DeliveryChange",
    "FactsRecord",
    "FactsTable",
    "JobFilter",
    "JobRecord",
    "JobSummary",
    "Jobs",
    "Key",
    "ListedJob",
    "MinionRecord",
    "Minions",
    "OutboxBatch",
    "Retention",
    "Returns",
    "Settings",
    "Store",
    "Tags",
    "TokenRecord",
    "Tokens",
    "open_store",
]
