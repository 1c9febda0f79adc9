"""The minion itself: its running jobs, and what its daemon can be asked to do. Salt calls it `saltutil`.

Everything runs inline: who wants to kill a job must not wait for a free place to run in.
"""

from __future__ import annotations

import signal
from fnmatch import fnmatchcase
from typing import Any

from modules.context import Context
from shoal.errors import ArgumentError, WireError
from shoal.functions.function import function
from shoal.ids import check_jid


@function(inline=True, replay="safe", aliases=("saltutil.running",))
def running(ctx: Context) -> list[dict[str, Any]]:
    """List the jobs that run on the box now.

    CLI Example:

        shoal '*' minion.running
    """
    return ctx.jobs.running()


@function(inline=True, replay="safe", aliases=("saltutil.is_running",))
def is_running(ctx: Context, fun: str) -> list[dict[str, Any]]:
    """List the running jobs whose function is this name or matches this glob.

    CLI Example:

        shoal '*' minion.is_running 'state.*'
    """
    return [job for job in ctx.jobs.running() if fnmatchcase(str(job.get("fun", "")), fun)]


@function(inline=True, replay="safe", aliases=("saltutil.find_job",))
def find_job(ctx: Context, jid: str) -> dict[str, Any]:
    """Return what is known of a running job, or nothing if it does not run here.

    CLI Example:

        shoal '*' minion.find_job 20260917123456123456
    """
    return ctx.jobs.find(_checked(jid)) or {}


@function(inline=True, aliases=("saltutil.signal_job",))
def signal_job(ctx: Context, jid: str, sig: int) -> str:
    """Send a signal, by number, to a job and all its processes.

    CLI Example:

        shoal '*' minion.signal_job 20260917123456123456 15
    """
    return _send(ctx, jid, sig)


@function(inline=True, aliases=("saltutil.term_job",))
def term_job(ctx: Context, jid: str) -> str:
    """Ask a job to end (SIGTERM).

    CLI Example:

        shoal '*' minion.term_job 20260917123456123456
    """
    return _send(ctx, jid, signal.SIGTERM)


@function(inline=True, aliases=("saltutil.kill_job",))
def kill_job(ctx: Context, jid: str) -> str:
    """End a job at once (SIGKILL).

    CLI Example:

        shoal '*' minion.kill_job 20260917123456123456
    """
    return _send(ctx, jid, signal.SIGKILL)


@function(inline=True, aliases=("saltutil.term_all_jobs",))
def term_all_jobs(ctx: Context) -> list[str]:
    """Ask all running jobs to end (SIGTERM).

    CLI Example:

        shoal '*' minion.term_all_jobs
    """
    return _send_all(ctx, signal.SIGTERM)


@function(inline=True, aliases=("saltutil.kill_all_jobs",))
def kill_all_jobs(ctx: Context) -> list[str]:
    """End all running jobs at once (SIGKILL).

    CLI Example:

        shoal '*' minion.kill_all_jobs
    """
    return _send_all(ctx, signal.SIGKILL)


@function(inline=True, replay="safe", aliases=("saltutil.refresh_grains",))
def refresh_grains(ctx: Context) -> bool:
    """Ask the daemon to find out its grains anew; returns before it has.

    CLI Example:

        shoal '*' minion.refresh_grains
    """
    ctx.daemon.request("refresh_grains")
    return True


@function(inline=True)
def rotate_key(ctx: Context) -> bool:
    """Ask the daemon to make itself a new key and have it accepted by means of the old one.

    CLI Example:

        shoal 'box1' minion.rotate_key
    """
    ctx.daemon.request("rotate_key")
    return True


@function(inline=True, replay="safe")
def tags(ctx: Context) -> dict[str, str]:
    """Return the tags that the master has given to the box.

    CLI Example:

        shoal '*' minion.tags
    """
    return dict(ctx.tags)


def _checked(jid: str) -> str:
    try:
        return check_jid(jid)
    except WireError as error:
        raise ArgumentError(str(error)) from None


def _send(ctx: Context, jid: str, number: int) -> str:
    if not 1 <= number <= 64:
        raise ArgumentError(f"a signal is a number from 1 to 64, not {number}")
    if ctx.jobs.signal(_checked(jid), number):
        return f"Signal {int(number)} sent to job {jid}"
    return f"Job {jid} is not running here; no signal was sent"


def _send_all(ctx: Context, number: int) -> list[str]:
    return [_send(ctx, str(job["jid"]), number) for job in ctx.jobs.running() if job.get("jid") != ctx.jid]
