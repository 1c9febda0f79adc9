"""Runs one state: its conditions, its plan, the plan's steps, and the look whether that was all.

plan ──▶ test run: told     ──▶ steps, each written to the journal before it is made ──▶ plan again, which must be empty
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, Protocol

from modules import nested
from modules.context import Context
from shoal.errors import ShoalError
from states.engine.chunk import Chunk
from states.engine.conditions import holds_after, reason_not_to_run
from states.engine.outcome import Outcome
from states.engine.planner import Planner
from states.engine.retry import Retry
from states.plan import Done, Plan, Step

log = logging.getLogger(__name__)

_NOT_THERE: Final = "It was done, and is not as it should be: another look still finds"


class Journal(Protocol):
    """Where steps are written down before they are made, so that they can be taken back."""

    def intend(self, chunk: Chunk, step: Step, *, reaction: bool) -> None:
        """Write down a step that is about to be made; it is on the disk afterwards. Raises ShoalError.

        `reaction`: the step answers to what the state watches.
        """

    def made(self, chunk: Chunk, step: Step) -> None:
        """Write down that it was made."""


class Applier:
    """Applies the states of one run."""

    def __init__(
        self, ctx: Context, planner: Planner, journal: Journal, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._ctx = ctx
        self._planner = planner
        self._journal = journal
        self._sleep = sleep

    def apply(self, chunk: Chunk, test: bool, changed: list[str] | None) -> Outcome:
        """Run a state, or, with what has `changed`, its reaction to that."""
        began, clock = time.time(), time.perf_counter()
        try:
            retry = Retry.read(chunk.args.get("retry"))
            outcome = self._attempts(chunk, test, changed, retry)
        except ShoalError as error:  # a condition that cannot be asked, a wrong argument of the engine's
            outcome = Outcome(result=False, comment=str(error))
        return replace(outcome, started=began, duration_s=time.perf_counter() - clock)

    def _attempts(self, chunk: Chunk, test: bool, changed: list[str] | None, retry: Retry | None) -> Outcome:
        outcome = self._attempt(chunk, test, changed)
        if retry is None:
            return outcome
        if test:
            return replace(outcome, comment=f"{outcome.comment}  {retry.told}")
        said = []
        for number in range(1, retry.attempts):
            if outcome.result is retry.until:
                break
            said.append(
                f'Attempt {number}: Returned a result of "{outcome.result}", with the following comment: '
                f'"{outcome.comment}"'
            )
            self._sleep(retry.pause())
            outcome = self._attempt(chunk, test, changed)
        return replace(outcome, comment="\n".join([*said, outcome.comment]))

    def _attempt(self, chunk: Chunk, test: bool, changed: list[str] | None) -> Outcome:
        reason = reason_not_to_run(self._ctx, chunk)
        if reason and not (test and "check_cmd" in chunk.args):  # Salt's test runs ask check_cmd all the same
            return Outcome(result=True, comment=reason, quiet=True)
        plan = self._planner.plan(chunk) if changed is None else self._planner.reaction(chunk, changed)
        if plan is None:
            return Outcome(result=True)
        outcome = _told(plan) if test else self._made(chunk, plan, again=changed is None)
        if "check_cmd" in chunk.args and changed is None and not self._planner.takes(chunk, "check_cmd"):
            held = holds_after(self._ctx, chunk)
            said = "succeeded" if held else "failed"
            outcome = replace(outcome, result=held, comment=f"check_cmd determined the state {said}")
        return outcome

    def _made(self, chunk: Chunk, plan: Plan, *, again: bool) -> Outcome:
        """Make the steps of a plan."""
        if not plan.steps:
            return Outcome(result=plan.result, comment=plan.did, changes=plan.changes, warnings=plan.warnings)
        answers = []
        for step in plan.steps:
            self._journal.intend(chunk, step, reaction=not again)
            try:
                answers.append(
                    nested.call(self._ctx, step.do.fun, step.do.args, step.do.kwargs, from_text=False)
                )
            except ShoalError as error:
                return Outcome(result=False, comment=str(error), warnings=plan.warnings)
            except Exception as error:  # a function's own mistake must not end the run
                log.exception("step %s failed", step.do.fun, extra={"action": "step_exception"})
                comment = f"An exception occurred in {step.do.fun}: {type(error).__name__}: {error}"
                return Outcome(result=False, comment=comment, warnings=plan.warnings)
            self._journal.made(chunk, step)
        done = plan.judge(tuple(answers)) if plan.judge else Done(comment=plan.did, changes=plan.changes)
        if plan.verify and again and done.result:
            left = self._planner.plan(chunk)
            if not left.empty:
                done = Done(result=False, comment=f"{_NOT_THERE}: {_left(left)}", changes=done.changes)
        return Outcome(result=done.result, comment=done.comment, changes=done.changes, warnings=plan.warnings)


def _told(plan: Plan) -> Outcome:
    """Return what a test run says of a plan."""
    expected: bool | None = plan.expected
    if expected is None and not plan.changes and not plan.steps:
        expected = plan.result
    return Outcome(result=expected, comment=plan.would, changes=plan.changes, warnings=plan.warnings)


def _left(plan: Plan) -> Any:
    return dict(plan.changes) or plan.did or plan.would
