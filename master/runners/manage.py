"""Who is there."""

from __future__ import annotations

from typing import Any

from master.runners.context import RunnerContext
from shoal.functions.function import function
from shoal.version import VERSION


@function
def up(ctx: RunnerContext) -> list[str]:
    """List the minions that a job would reach now.

    CLI Example:

        shoal-run manage.up
    """
    return [minion for minion in ctx.roster.ids() if ctx.sessions.present(minion)]


@function
def down(ctx: RunnerContext) -> list[str]:
    """List the accepted minions that a job would not reach now.

    CLI Example:

        shoal-run manage.down
    """
    return [minion for minion in ctx.roster.ids() if not ctx.sessions.present(minion)]


@function
def status(ctx: RunnerContext) -> dict[str, list[str]]:
    """List all accepted minions, by whether a job would reach them now.

    CLI Example:

        shoal-run manage.status
    """
    return {"up": up(ctx), "down": down(ctx)}


@function
def present(ctx: RunnerContext) -> list[str]:
    """List connected minions; the same as `manage.up`, under Salt's other name.

    CLI Example:

        shoal-run manage.present
    """
    return up(ctx)


@function
def versions(ctx: RunnerContext) -> dict[str, Any]:
    """Compare the minions' releases with the master's.

    CLI Example:

        shoal-run manage.versions
    """
    result: dict[str, Any] = {
        "Master": VERSION,
        "Up to date": {},
        "Other release": {},
        "Not connected": down(ctx),
    }
    for minion in up(ctx):
        session = ctx.sessions.get(minion)
        version = session.version if session else ""
        result["Up to date" if version == VERSION else "Other release"][minion] = version
    return {key: value for key, value in result.items() if value}


@function
def counters(ctx: RunnerContext) -> dict[str, int]:
    """Show how often the master refused something since it started, by reason.

    CLI Example:

        shoal-run manage.counters
    """
    return dict(sorted(ctx.counters.items()))
