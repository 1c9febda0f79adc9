"""Returners: who there is, how it goes, and what to do with returns that were given up."""

from __future__ import annotations

from typing import Any

from master.dispatch.worker import Standing
from master.runners.context import RunnerContext
from master.store.dispatches import QueueState
from shoal.functions.function import function

_MAX_SHOWN = 1000


@function
def list_(ctx: RunnerContext) -> dict[str, dict[str, Any]]:
    """List the returners that are configured, with their types, and whether every return goes there.

    CLI Example:

        shoal-run returner.list
    """
    found = {}
    for name in ctx.dispatcher.names():
        kind = ctx.dispatcher.worker(name).options.type
        found[name] = {"type": kind, "default": ctx.dispatcher.is_default(name)}
    return found


@function
async def status(ctx: RunnerContext, name: str = "") -> dict[str, dict[str, Any]]:
    """Say how it goes with the returners, or with one: what waits, what is dead, the last error and success.

    `delivered`, `dropped` and the times are this master's since its start; `queued` and `dead` are the store's. Times
    are epoch seconds, 0 for never. `tries` is how many in a row have failed.

    CLI Example:

        shoal-run returner.status
        shoal-run returner.status hook
    """
    found = {}
    for each in [name] if name else ctx.dispatcher.names():
        worker = ctx.dispatcher.worker(each)
        state = await ctx.writer.read(ctx.store.dispatches.state, each)
        found[each] = _told(state, worker.standing)
    return found


@function
async def dead_letters(ctx: RunnerContext, name: str, limit: int = 100) -> list[dict[str, Any]]:
    """List the newest returns that a returner has given up, and why; see jobs.lookup_jid for their values.

    CLI Example:

        shoal-run returner.dead_letters hook limit=10
    """
    ctx.dispatcher.worker(name)
    letters = await ctx.writer.read(ctx.store.dispatches.dead, name, max(1, min(limit, _MAX_SHOWN)))
    return [
        {"jid": each.jid, "id": each.minion, "died_at": each.died_at, "reason": each.reason}
        for each in letters
    ]


@function
async def replay(ctx: RunnerContext, name: str) -> int:
    """Queue the dead letters of a returner again, and let it try at once; return how many there were.

    CLI Example:

        shoal-run returner.replay hook
    """
    ctx.dispatcher.worker(name)
    count = await ctx.writer.call(ctx.store.dispatches.replay, name)
    ctx.dispatcher.hurry(name)
    return count


@function
async def check(ctx: RunnerContext, name: str) -> bool:
    """Ask a returner's receiver whether it would take something now; true, or an error that says why not.

    It gets no return. A webhook is posted an empty list; `sql` makes its table, `jsonl` its file.

    CLI Example:

        shoal-run returner.check hook
    """
    await ctx.dispatcher.check(name)
    return True


def _told(state: QueueState, standing: Standing) -> dict[str, Any]:
    return {
        "queued": state.queued,
        "oldest_queued": state.oldest,
        "dead": state.dead,
        "delivered": standing.delivered,
        "dropped": standing.dropped,
        "tries": standing.tries,
        "last_success": standing.last_success,
        "last_error": standing.last_error,
        "last_error_at": standing.last_error_at,
    }
