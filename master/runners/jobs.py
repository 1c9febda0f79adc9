"""What ran, what runs, and what came back."""

from __future__ import annotations

import time
from typing import Any

from master.intake import Order
from master.runners.cancel import cancel as cancel_job
from master.runners.context import RunnerContext
from master.silence import SilenceWords
from master.store.deliveries import Delivery
from master.store.delivery_state import RETURNED
from master.store.job_filter import JobFilter
from master.store.jobs import JobRecord, ListedJob
from master.store.resolutions import VERDICTS, Resolution
from shoal.errors import ArgumentError, StoreError, WireError
from shoal.functions.function import function
from shoal.ids import check_jid, jid_time
from shoal.returns import Return


@function
def active(ctx: RunnerContext) -> dict[str, Any]:
    """List the jobs that minions are at, or are expected to be at.

    Queued: the minion has the job and no place for it yet. Waiting: there was no sign of the minion.

    CLI Example:

        shoal-run jobs.active
    """
    return {
        run.jid: {
            "Function": run.fun,
            "StartTime": _start_time(run.jid),
            "Running": [{minion: _clock(at)} for minion, at in sorted(run.running.items()) if at],
            "Queued": sorted(minion for minion, at in run.running.items() if not at),
            "Waiting": sorted(set(run.sent) - set(run.running)),
            "Returned": sorted(run.returned),
        }
        for run in ctx.runs.active()
    }


@function
def master(ctx: RunnerContext) -> list[dict[str, str]]:
    """List the runners that the master is at, this one too.

    CLI Example:

        shoal-run jobs.master
    """
    return [
        {"fun": each.fun, "user": each.user, "StartTime": _clock_of_day(each.started)} for each in ctx.at_work
    ]


@function
async def list_jobs(
    ctx: RunnerContext,
    *,
    search_function: str = "",
    search_target: str = "",
    search_metadata: dict[str, Any] | None = None,
    user: str = "",
    start_time: float = 0.0,
    end_time: float = 0.0,
    limit: int = 200,
) -> dict[str, Any]:
    """List the newest stored jobs; `search_function` and `search_target` are globs, times epoch seconds.

    CLI Example:

        shoal-run jobs.list_jobs search_function='test.*' limit=20
    """
    wanted = JobFilter(
        fun=search_function,
        search_target=search_target,
        metadata=search_metadata or {},
        user=user,
        since=start_time,
        until=end_time,
        limit=max(1, min(limit, 10_000)),
    )
    found = await ctx.writer.read(ctx.store.jobs.find, wanted)
    return {job.jid: _shown(job) for job in found}


@function
async def list_jobs_filter(ctx: RunnerContext, count: int) -> dict[str, Any]:
    """List the newest stored jobs, at most `count`.

    CLI Example:

        shoal-run jobs.list_jobs_filter 50
    """
    return await list_jobs(ctx, limit=count)


@function
async def list_job(ctx: RunnerContext, jid: str) -> dict[str, Any]:
    """Show one job: what was asked, of whom, and every answer.

    CLI Example:

        shoal-run jobs.list_job 20261121093000123456
    """
    record = await _job(ctx, jid)
    returns = await _returns(ctx, jid)
    answers = {ret.minion: _answer(ret) for ret in returns}
    resolved = await ctx.writer.read(ctx.store.resolutions.for_job, jid)
    return {
        "jid": jid,
        **_shown(record),
        "Minions": list(record.targets),
        "Result": answers,
        "Missing": [minion for minion in record.targets if minion not in answers],
        **(
            {"Resolved": {minion: _resolution(found) for minion, found in resolved.items()}}
            if resolved
            else {}
        ),
    }


@function
async def lookup_jid(ctx: RunnerContext, jid: str, *, missing: bool = False) -> dict[str, Any]:
    """Return what minions answered to a job; with `missing=True` also who has not.

    CLI Example:

        shoal-run jobs.lookup_jid 20261121093000123456 missing=True
    """
    record = await _job(ctx, jid)
    answers = {ret.minion: _value(ret) for ret in await _returns(ctx, jid)}
    if missing:
        rows = {row.minion: row for row in await ctx.writer.read(ctx.store.deliveries.for_job, jid)}
        for minion in record.targets:
            if minion not in answers:
                answers[minion] = _why_missing(ctx, record, minion, rows.get(minion))
    return answers


@function
async def last_run(ctx: RunnerContext, *, fun: str = "", target: str = "") -> dict[str, Any]:
    """Show the newest job, or the newest whose function or target fits the globs.

    CLI Example:

        shoal-run jobs.last_run fun='test.*'
    """
    wanted = JobFilter(fun=fun, search_target=target)
    found = await ctx.writer.read(ctx.store.jobs.last_run, wanted)
    return {found.jid: _shown(found)} if found is not None else {}


@function
async def exit_success(ctx: RunnerContext, jid: str) -> dict[str, bool]:
    """Say for each target of a job whether it returned success.

    CLI Example:

        shoal-run jobs.exit_success 20261121093000123456
    """
    record = await _job(ctx, jid)
    answers = dict.fromkeys(record.targets, False)
    answers.update({ret.minion: ret.success for ret in await _returns(ctx, jid)})
    return answers


@function
async def print_job(ctx: RunnerContext, jid: str) -> dict[str, Any]:
    """Show one job under its id, as `jobs.list_job` does.

    CLI Example:

        shoal-run jobs.print_job 20261121093000123456
    """
    return {jid: await list_job(ctx, jid)}


@function
async def queue(ctx: RunnerContext, *, jid: str = "") -> dict[str, Any]:
    """Show which jobs wait for which minions, and how far each is; of one job all deliveries, ended ones too.

    CLI Example:

        shoal-run jobs.queue
    """
    if jid:
        rows = await ctx.writer.read(ctx.store.deliveries.for_job, _checked(jid))
        return {row.minion: _delivery(row) for row in rows}
    open_jobs = await ctx.writer.read(ctx.store.deliveries.open_jobs)
    shown: dict[str, Any] = {}
    for each, minions in open_jobs.items():
        record = await ctx.writer.read(ctx.store.jobs.get, each)
        states: dict[str, list[str]] = {}
        for minion, state in minions.items():
            states.setdefault(state, []).append(minion)
        shown[each] = (
            {"Function": record.fun, "Expires": _clock_of_day(record.expires), **states} if record else states
        )
    return shown


@function
async def cancel(ctx: RunnerContext, jid: str, minion: str = "") -> dict[str, str]:
    """Take back a job, from all its minions or one; say for each how far it was.

    `cancelled_before_start`: it did not begin, and never will. `cancelling`: the minion is at it, and is told to end
    it, or it is away and is told when it comes. `too_late`: it has ended.
    A job that is not kept can be ended only where the minion is connected.

    CLI Example:

        shoal-run jobs.cancel 20261121093000123456
    """
    record = await _job(ctx, jid)
    if minion and minion not in record.targets:
        raise StoreError(f"{minion} was no target of job {jid}")
    return await cancel_job(ctx, record, minion)


@function
async def retry(ctx: RunnerContext, jid: str, *, what: str = "failed") -> dict[str, Any]:
    """Send a job once more, as a new one, in the same way and for the same time.

    `what`: `failed` (the default), those of its targets without a success; `missing`, those without an answer; `all`.

    CLI Example:

        shoal-run jobs.retry 20261121093000123456
    """
    record = await _job(ctx, jid)
    if what not in ("failed", "missing", "all"):
        raise ArgumentError(f"what={what!r}: failed, missing or all expected")
    answers = {ret.minion: ret.success for ret in await _returns(ctx, jid)}
    wanted = [
        each
        for each in record.targets
        if what == "all" or (each not in answers if what == "missing" else not answers.get(each))
    ]
    if not wanted:
        raise StoreError(
            f"job {jid} needs no retry: every target has answered{'' if what == 'missing' else ' well'}"
        )
    performance = await ctx.conductor.begin(Order.again(record, wanted), ctx.caller)
    performance.publish_all()
    return {"jid": performance.jid, "Minions": performance.targets}


@function
async def unresolved(ctx: RunnerContext) -> dict[str, list[str]]:
    """List jobs of which nobody knows how they ended (`outcome_unknown`), with their minions, newest first.

    CLI Example:

        shoal-run jobs.unresolved
    """
    found: dict[str, list[str]] = {}
    for jid, minion in await ctx.writer.read(ctx.store.resolutions.open):
        found.setdefault(jid, []).append(minion)
    return found


@function
async def resolve(
    ctx: RunnerContext, jid: str, minion: str, verdict: str, *, comment: str = ""
) -> dict[str, Any]:
    """Say how a job ended whose outcome was unknown: `done`, `failed` or `not_run`. It is kept beside its return.

    CLI Example:

        shoal-run jobs.resolve 20261121093000123456 web-1 done comment='looked at the log'
    """
    if verdict not in VERDICTS:
        raise ArgumentError(f"verdict {verdict!r}: {', '.join(VERDICTS)} expected")
    await _job(ctx, jid)
    add = ctx.store.resolutions.add
    return _resolution(await ctx.writer.call(add, jid, minion, verdict, comment[:1000], ctx.caller.name))


async def _job(ctx: RunnerContext, jid: str) -> JobRecord:
    record = await ctx.writer.read(ctx.store.jobs.get, _checked(jid))
    if record is None:
        raise StoreError(f"no job {jid} in the store; shoal-run jobs.list_jobs shows those that are kept")
    return record


async def _returns(ctx: RunnerContext, jid: str) -> list[Return]:
    """Return all answers, page by page."""
    found: list[Return] = []
    while True:
        after = found[-1].minion if found else ""
        page = await ctx.writer.read(lambda: ctx.store.returns.for_job(jid, after=after))  # noqa: B023
        found.extend(page)
        if not page:
            return found


def _checked(jid: str) -> str:
    try:
        return check_jid(jid)
    except WireError as error:
        raise ArgumentError(str(error)) from None


def _shown(job: JobRecord | ListedJob) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "Function": job.fun,
        "Arguments": [*job.args, *(f"{key}={value}" for key, value in job.kwargs.items())],
        "Target": job.target,
        "Target-type": job.target_kind,
        "User": job.user,
        "StartTime": _start_time(job.jid),
    }
    if job.metadata:
        shown["Metadata"] = dict(job.metadata)
    return shown


def _start_time(jid: str) -> str:
    """Return Salt's form: `2026, Nov 21 09:30:00.123456` (UTC)."""
    return time.strftime("%Y, %b %d %H:%M:%S", time.gmtime(jid_time(jid))) + "." + jid[14:]


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))


def _value(ret: Return) -> Any:
    try:
        return ret.value()
    except WireError as error:
        return f"[cannot be read: {error}]"


def _answer(ret: Return) -> dict[str, Any]:
    return {
        "return": _value(ret),
        "retcode": ret.retcode,
        "success": ret.success,
        "outcome": ret.outcome,
        "duration": round(ret.duration_s, 3),
    }


def _delivery(row: Delivery) -> dict[str, Any]:
    shown: dict[str, Any] = {"state": row.state, "since": _clock_of_day(row.updated_at)}
    if row.reason:
        shown["reason"] = row.reason
    return shown


def _resolution(found: Resolution) -> dict[str, Any]:
    return {
        "verdict": found.verdict,
        "by": found.resolved_by,
        "at": _clock_of_day(found.resolved_at),
        "comment": found.comment,
    }


def _clock_of_day(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def _why_missing(ctx: RunnerContext, job: JobRecord, minion: str, row: Delivery | None) -> str:
    if row is not None and row.state != RETURNED:
        why = f": {row.reason}" if row.reason else ""
        return f"Minion did not return. [{row.state.capitalize()} since {_clock_of_day(row.updated_at)}{why}]"
    run = ctx.runs.get(job.jid)
    words = SilenceWords(ctx.sessions, ctx.clock, ctx.now)
    why = words.afterwards(minion, job.issued, run.running.get(minion) if run else None)
    return f"Minion did not return. [{why}]"
