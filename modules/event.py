"""Events for the master's bus: where they go is below the box's own name, so no box can speak for another."""

from __future__ import annotations

from typing import Any

from modules.context import Context
from shoal.functions.function import function


@function
def send(ctx: Context, tag: str, data: dict[str, Any] | None = None) -> bool:
    """Put an event on the master's bus, as `shoal/minion/ID/event/TAG`; without a connection it is lost.

    CLI Example:

        shoal '*' event.send disk/replaced '{slot: 3}'
    """
    ctx.master.tell(tag, data or {})
    return True
