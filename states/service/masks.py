"""`service.masked` and `service.unmasked`: systemd's way to let nothing start a unit."""

from __future__ import annotations

from modules.context import Context
from modules.service import units
from states.declare import state
from states.plan import Plan, Step, call, unchanged


@state
def masked(ctx: Context, name: str, runtime: bool = False) -> Plan:
    """Let a unit be masked, so that nothing starts it; with `runtime` until the next boot.

    One that runs is not stopped.

    Example:

        bluetooth:
          service.masked
    """
    kind = _kind(runtime)
    if units.masked(ctx, name, runtime):
        return unchanged(f"Service {name} is already {kind}")
    return _plan(name, runtime, on=True, would=f"would be {kind}", did=f"was {kind}")


@state
def unmasked(ctx: Context, name: str, runtime: bool = False) -> Plan:
    """Let a unit not be masked; with `runtime` not until the next boot.

    Example:

        bluetooth:
          service.unmasked
    """
    kind = _kind(runtime, "unmasked")
    if not units.masked(ctx, name, runtime):
        return unchanged(f"Service {name} was already {kind}")
    return _plan(name, runtime, on=False, would=f"would be {kind}", did=f"was {kind}")


def _plan(name: str, runtime: bool, *, on: bool, would: str, did: str) -> Plan:
    mask, unmask = (call(each, name=name, runtime=runtime) for each in (units.mask, units.unmask))
    step = Step(do=mask, undo=unmask) if on else Step(do=unmask, undo=mask)
    return Plan(
        steps=(step,),
        changes={_kind(runtime): {"old": not on, "new": on}},
        would=f"Service {name} {would}",
        did=f"Service {name} {did}",
    )


def _kind(runtime: bool, word: str = "masked") -> str:
    return f"runtime {word}" if runtime else word
