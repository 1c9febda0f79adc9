"""The event bus, for people and scripts."""

from __future__ import annotations

from typing import Any

from master.runners.context import RunnerContext
from shoal.errors import ArgumentError
from shoal.event import MAX_TAG
from shoal.functions.function import function


@function
def send(ctx: RunnerContext, tag: str, data: dict[str, Any] | None = None) -> bool:
    """Put an event on the bus. Tags under `shoal/` are the master's own and are refused.

    CLI Example:

        shoal-run event.send site/door/open '{"door": 3}'
    """
    if tag.startswith("shoal/") or not tag.isprintable() or not 0 < len(tag) <= MAX_TAG:
        raise ArgumentError(f"event.send: tag {tag[:60]!r} is reserved, empty, too long or not printable")
    ctx.bus.publish(tag, {**(data or {}), "_user": ctx.caller.name})
    return True
