"""The box's own name. Salt has no state for it."""

from __future__ import annotations

from typing import Any

from modules import hostname as names
from modules.context import Context
from states.declare import state
from states.plan import Plan, Step, call, unchanged


@state
def present(ctx: Context, name: str, persist: bool = True) -> Plan:
    """Let the box have this name, now and with `persist` after the next start.

    The old name's loopback entries in the hosts file follow; on the way back they are written anew.

    Example:

        web2.example.org:
          hostname.present
    """
    names.check(name)
    now, kept = names.get(ctx), names.get_static(ctx)
    changes: dict[str, Any] = {}
    if now != name:
        changes["hostname"] = {"old": now, "new": name}
    if persist and kept != name:
        changes["static"] = {"old": kept, "new": name}
    if not changes:
        return unchanged(f"The box is called {name} already")
    do = call(names.set_, hostname=name, persist=persist)
    if not names.is_name(now) or (persist and kept != now):
        step = Step(do=do, final=f"it was called {now or 'nothing'}, and {kept or 'nothing'} after a start")
    else:
        step = Step(do=do, undo=call(names.set_, hostname=now, persist=persist))
    return Plan(
        steps=(step,),
        changes=changes,
        would=f"The box would be called {name}",
        did=f"The box is called {name}",
    )
