"""Where the crash matrix kills: before and after every write, send and acknowledgement on the road of a job.

`side` says who dies: the master, the minion's daemon, or its executor. A point inside a transaction (`inside`) is one
where something was written and not committed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal


@dataclass(frozen=True, slots=True)
class Point:
    """One place to die at: the `function`, as module:path, and when; of `_send` only calls with `verb`."""

    side: Literal["master", "daemon", "executor"]
    when: Literal["before", "after"]
    function: str
    verb: str = ""
    job: Literal["quick", "slow", "large", "now", "cancelled"] = "quick"  # what sort of job comes by here

    def counts(self, args: tuple[Any, ...]) -> bool:
        """Say whether a call with these arguments (the first is `self`) is one at this point."""
        if self.job == "now":
            return (
                args[1].mode == "now"
            )  # not the start of a kept job that was left over from an earlier round
        return not self.verb or self.verb in args[1:2]


_LEDGER: Final = "minion.ledger.ledger:Ledger"
_SEND: Final = "minion.minion:Minion._send"

POINTS: Final[dict[str, Point]] = {
    # the master, in the order of the road
    "master: before the job is stored": Point("master", "before", "master.store.jobs:Jobs.add"),
    "master: inside storing the job": Point("master", "after", "master.store.jobs:insert_jobs"),
    "master: job stored": Point("master", "after", "master.store.jobs:Jobs.add"),
    "master: job in the outbox": Point("master", "after", "master.outbox:Outbox.add"),
    "master: before publishing": Point("master", "before", "master.publisher:Publisher.publish"),
    "master: published": Point("master", "after", "master.publisher:Publisher.publish"),
    "master: sending noted": Point("master", "after", "master.outbox:Outbox.sent"),
    "master: before a commit": Point("master", "before", "master.store.store:Store.commit_batch"),
    "master: inside a commit": Point("master", "after", "master.store.store:mark_rows"),
    "master: committed": Point("master", "after", "master.store.store:Store.commit_batch"),
    "master: word of receipt taken": Point("master", "after", "master.outbox:Outbox.received"),
    "master: word of start taken": Point("master", "after", "master.outbox:Outbox.started", job="slow"),
    "master: before a return is taken": Point("master", "before", "master.writer:Writer.add_return"),
    "master: return taken": Point("master", "after", "master.writer:Writer.add_return"),
    "master: inside storing a return": Point("master", "after", "master.store.store:insert_returns"),
    "master: before acknowledging": Point("master", "before", "master.collector:Collector.stored"),
    "master: acknowledged": Point("master", "after", "master.collector:Collector.stored"),
    "master: slice of a return taken": Point("master", "after", "master.slices:Slices.take", job="large"),
    "master: return put together": Point("master", "after", "master.slices:Slices.whole", job="large"),
    "master: before a cancel is stored": Point(
        "master", "before", "master.store.deliveries:Deliveries.cancel", job="cancelled"
    ),
    "master: cancel stored": Point(
        "master", "after", "master.store.deliveries:Deliveries.cancel", job="cancelled"
    ),
    "master: cancel sent": Point("master", "after", "master.publisher:Publisher.cancel", job="cancelled"),
    # the minion's daemon
    "daemon: job believed": Point("daemon", "after", "pki.trust:JobTrust.judge"),
    "daemon: inside accepting": Point("daemon", "after", "minion.ledger.inbox:insert"),
    "daemon: job accepted": Point("daemon", "after", f"{_LEDGER}.accept"),
    "daemon: before telling the receipt": Point("daemon", "before", _SEND, "received"),
    "daemon: receipt told": Point("daemon", "after", _SEND, "received"),
    "daemon: inside noting the start": Point("daemon", "after", "minion.ledger.inbox:mark_started"),
    "daemon: start noted": Point("daemon", "after", f"{_LEDGER}.started"),
    "daemon: before handing over": Point("daemon", "before", "minion.executor.peer:Peer.run"),
    "daemon: handed over": Point("daemon", "after", "minion.executor.peer:Peer.run"),
    "daemon: start told": Point("daemon", "after", _SEND, "started", job="slow"),
    "daemon: start of a now job noted": Point("daemon", "after", f"{_LEDGER}.record", job="now"),
    "daemon: before a result is taken": Point("daemon", "before", "minion.jobs:Jobs.returned"),
    "daemon: inside keeping a result": Point("daemon", "after", "minion.ledger.spool:put"),
    "daemon: result kept": Point("daemon", "after", f"{_LEDGER}.finished"),
    "daemon: result taken": Point("daemon", "after", "minion.jobs:Jobs.returned"),
    "daemon: executor's result acknowledged": Point("daemon", "after", "minion.executor.peer:Peer.flush"),
    "daemon: before sending a return": Point("daemon", "before", _SEND, "return"),
    "daemon: return sent": Point("daemon", "after", _SEND, "return"),
    "daemon: slice of a return sent": Point("daemon", "after", _SEND, "slice", job="large"),
    "daemon: before an acknowledgement is noted": Point("daemon", "before", f"{_LEDGER}.acknowledged"),
    "daemon: inside noting an acknowledgement": Point("daemon", "after", "minion.ledger.spool:remove"),
    "daemon: acknowledgement noted": Point("daemon", "after", f"{_LEDGER}.acknowledged"),
    "daemon: cancel taken": Point("daemon", "after", "minion.jobs:Jobs.cancel", job="cancelled"),
    # the executor
    "executor: before a job is taken": Point("executor", "before", "minion.executor.runner:Runner.submit"),
    "executor: before a child is forked": Point("executor", "before", "minion.executor.fork:Forker.fork"),
    "executor: child forked": Point("executor", "after", "minion.executor.fork:Forker.fork"),
    "executor: before a result is put": Point("executor", "before", "minion.executor.outbox:Outbox.put"),
    "executor: result put": Point("executor", "after", "minion.executor.outbox:Outbox.put"),
    "executor: acknowledgement taken": Point(
        "executor", "after", "minion.executor.outbox:Outbox.acknowledge"
    ),
}
