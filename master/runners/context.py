"""What a runner may use of the master."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from master.acl import Caller
from master.conductor import Conductor
from master.config import MasterConfig
from master.dispatch.dispatcher import Dispatcher
from master.events import EventBus
from master.fileserver.service import FileService
from master.identity import Identity
from master.mine import MineRoom
from master.outbox import Outbox
from master.pillar.service import PillarService
from master.receiving.pushed import PushedFiles
from master.roster import Roster
from master.runners.at_work import RunnersAtWork
from master.runs import Runs
from master.sessions import Sessions
from master.store.store import Store
from master.writer import Writer
from shoal.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerContext:
    """The master, as far as runners see it."""

    caller: Caller
    config: MasterConfig
    store: Store
    writer: Writer
    sessions: Sessions
    roster: Roster
    runs: Runs
    at_work: RunnersAtWork
    bus: EventBus
    conductor: Conductor
    outbox: Outbox
    dispatcher: Dispatcher
    files: FileService
    pushed: PushedFiles
    pillar: PillarService
    mine: MineRoom
    identity: Identity
    counters: Counter[str]
    clock: Clock
    now: Callable[[], float]
    greet_again: Callable[[str], None]  # a connected minion then learns its tags
    reach: tuple[tuple[str, ...], int, int]  # advertised addresses, publish port, request port
