"""Environment variables: of the run's own process, and of /etc/environment for who logs in."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from modules import environ as variables
from modules.context import Context
from states.declare import state
from states.plan import Plan, Step, call, unchanged
from states.text_steps import TextSteps


@state
def setenv(
    ctx: Context,
    name: str,
    value: Any = "",
    false_unsets: bool = False,
    clear_all: bool = False,
    update_minion: bool = False,
    permanent: bool = False,
) -> Plan:
    """Set a variable, or each of a map, for the states that follow; with `permanent` in /etc/environment too.

    What follows is this run, without the commands of another user (`runas`). With `false_unsets` the value false
    removes a variable, else it empties it. `clear_all` removes all others from the process. `update_minion` does
    nothing: no run changes the surroundings of others.

    Example:

        http_proxy:
          environ.setenv:
            - value: http://proxy.example.org:3128
            - permanent: true
    """
    given = value if isinstance(value, dict) else {name: value}
    wanted = variables.values_of(given, false_unsets)
    changes: dict[str, Any] = {key: new for key, new in wanted.items() if os.environ.get(key) != new}
    if clear_all:
        changes |= {key: None for key in os.environ if key not in wanted}
    steps = TextSteps(variables.ENVIRONMENT)
    do = call(variables.setenv, environ=wanted, false_unsets=True, clear_all=clear_all, persist=permanent)
    if permanent:
        text = variables.with_lines(steps.text, variables.lines_for(wanted))
        before = steps.text
        steps.add(do, text)
        if text != before:
            changes |= wanted
    warnings = ("update_minion does nothing: what is set ends with the run",) if update_minion else ()
    if not changes:
        return replace(unchanged("Environ values are already set with the correct values"), warnings=warnings)
    return Plan(
        steps=steps.all() or (Step(do=do, undo=_back(changes)),),
        changes=changes,
        would="Environ values will be changed",
        did="Environ values were set",
        warnings=warnings,
    )


def _back(changes: dict[str, Any]) -> Any:
    """Return the call that gives the process its variables again."""
    old = {key: os.environ.get(key) for key in changes}
    return call(variables.setenv, environ=old, false_unsets=True)
