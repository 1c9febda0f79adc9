"""Takes a job back: what was not sent never will be, and who may have it is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Final

from master.runners.context import RunnerContext
from master.store.delivery_state import RUNNING
from master.store.jobs import JobRecord

BEFORE_START: Final = "cancelled_before_start"
CANCELLING: Final = "cancelling"
TOO_LATE: Final = "too_late"  # it has ended, or it is not kept and its minion cannot be told
_WAIT_S: Final = 3.0  # for the word of those who are connected
_LOOK_S: Final = 0.05


async def cancel(ctx: RunnerContext, job: JobRecord, minion: str) -> dict[str, str]:
    """Take `job` back from one minion, or (for "") all its targets; return how far it was with each."""
    answers = dict.fromkeys([minion] if minion else job.targets, TOO_LATE)
    asked = await (
        _cancel_now(ctx, job, answers) if job.mode == "now" else _cancel_kept(ctx, job, minion, answers)
    )
    waited_for = {each for each in asked if ctx.sessions.present(each)}
    end = ctx.clock.monotonic() + _WAIT_S
    while waited_for and ctx.clock.monotonic() < end:
        await asyncio.sleep(_LOOK_S)
        for ret in await ctx.writer.read(ctx.store.returns.for_job, job.jid):
            if ret.minion in waited_for:
                waited_for.discard(ret.minion)
                answers[ret.minion] = {"cancelled": BEFORE_START, "killed": CANCELLING}.get(
                    ret.outcome, TOO_LATE
                )
    return answers


async def _cancel_kept(
    ctx: RunnerContext, job: JobRecord, minion: str, answers: dict[str, str]
) -> Collection[str]:
    """Cancel in the table of deliveries; return whose word is to be waited for."""
    done = await ctx.outbox.cancel(job.jid, minion)
    answers.update({each.minion: BEFORE_START for each in done.cancelled})
    answers.update({each.minion: CANCELLING for each in done.asked})
    return [each.minion for each in done.asked if each.state != RUNNING]


async def _cancel_now(ctx: RunnerContext, job: JobRecord, answers: dict[str, str]) -> Collection[str]:
    """Ask who is at a job that is not kept; return whose word is to be waited for."""
    run = ctx.runs.get(job.jid)
    if run is None:
        return []  # all of it was over long ago
    turns = set(run.turns)
    for each in answers:
        if each in turns:
            run.cancelled.add(each)
            answers[each] = BEFORE_START
        elif each not in run.returned and ctx.outbox.ask_to_cancel(job, each):
            answers[each] = CANCELLING
    return [each for each, answer in answers.items() if answer == CANCELLING and each not in run.running]
