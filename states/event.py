"""Events for the master's bus."""

from __future__ import annotations

from typing import Any

from modules import event as events
from modules.context import Context
from states.declare import state
from states.plan import Plan, Step, call, unchanged

_FINAL = "an event that was sent has been heard"


@state
def send(ctx: Context, name: str, data: dict[str, Any] | None = None) -> Plan:
    """Put an event on the master's bus; the name is its tag, below the box's own.

    Example:

        web/deployed:
          event.send:
            - data:
                version: 1.2.3
    """
    return _plan(name, data)


@state
def wait(ctx: Context, name: str, data: dict[str, Any] | None = None) -> Plan:
    """Put an event on the master's bus only when what it watches has changed.

    Example:

        web/changed:
          event.wait:
            - watch:
              - test: site
        site:
          test.succeed_with_changes
    """
    return unchanged("")


@state
def mod_watch(ctx: Context, name: str, data: dict[str, Any] | None = None) -> Plan:
    """Put the event on the bus, because what it watches has changed."""
    return _plan(name, data)


def _plan(tag: str, data: dict[str, Any] | None) -> Plan:
    return Plan(
        steps=(Step(do=call(events.send, tag=tag, data=data or {}), final=_FINAL),),
        changes={"tag": tag, "data": data},
        would="Event would have been fired",
        did="Event fired",
        verify=False,
    )
