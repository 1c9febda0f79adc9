"""A job that had begun when its minion stopped: may it run again? Its function declares that (`replay`).

| it declares | so the job                                                                             |
|-------------|----------------------------------------------------------------------------------------|
| `safe`      | runs again: twice is as good as once                                                   |
| `check`     | has its probe asked: applied, so it is done; not applied, so it runs; neither: unknown |
| `never`     | is answered with `outcome_unknown`; so is one whose function is not there any more     |

Never guess: what cannot be told is said to be unknown, and a person decides (`shoal-run jobs.resolve`).
"""

from __future__ import annotations

from minion.executor.interrupted import Known, applied, unknown
from modules.context import Context
from shoal.functions.function import Function
from shoal.functions.signature import bind
from shoal.job import Job


def judge(job: Job, ctx: Context, since: float) -> Known | None:
    """Return how a job ended that had begun at epoch second `since`; None: it is to run again. Never raises."""
    try:
        function = ctx.registry.get(job.fun)
        if function.replay == "safe":
            return None
        return _ask(function, job, ctx, since) if function.replay == "check" else unknown(since)
    except Exception as error:  # a probe is a stranger's code, and a module may have gone
        return unknown(since, f"({type(error).__name__}: {error})")


def _ask(function: Function, job: Job, ctx: Context, since: float) -> Known | None:
    args, kwargs = bind(function, job.args, job.kwargs, from_text=job.from_text, no_parse=job.no_parse)
    assert function.probe is not None
    found = function.probe(ctx, *args, **kwargs)
    if found is None:
        return unknown(since, "Its probe cannot tell either.")
    return applied(since) if found else None
