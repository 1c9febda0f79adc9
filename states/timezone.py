"""The box's time zone, and whether its hardware clock runs in UTC."""

from __future__ import annotations

from pathlib import Path

from modules import timezone as zones
from modules.context import Context
from modules.text_file import read_text
from states.declare import state
from states.plan import Plan, Step, call, failed, unchanged


@state
def system(ctx: Context, name: str, utc: bool = True) -> Plan:
    """Let the box have this time zone, and its hardware clock run in UTC, or with `utc: false` in local time.

    Example:

        Europe/Berlin:
          timezone.system:
            - utc: true
    """
    if name not in zones.list_(ctx):
        return failed(
            f"Unable to compare desired timezone '{name}' to system timezone: "
            f'Can\'t find a local timezone "{name}"'
        )
    clock = "UTC" if utc else "localtime"
    zone_differs = not zones.zone_compare(ctx, name)
    clock_differs = zones.get_hwclock(ctx) != clock
    steps, would, did = [], [], []
    if zone_differs:
        steps.append(_zone_step(name))
        would.append(f"Timezone {name} needs to be set")
        did.append(f"Set timezone {name}")
    if clock_differs:
        back = "localtime" if utc else "UTC"
        steps.append(Step(do=call(zones.set_hwclock, clock=clock), undo=call(zones.set_hwclock, clock=back)))
        would.append(f"UTC needs to be set to {utc}")
        did.append(f"Set UTC to {utc}")
    if not steps:
        return unchanged(f"Timezone {name} already set, UTC already set to {name}")
    changes = {**({"timezone": name} if zone_differs else {}), **({"utc": utc} if clock_differs else {})}
    return Plan(steps=tuple(steps), changes=changes, would=", ".join(would), did=", ".join(did))


def _zone_step(name: str) -> Step:
    do = call(zones.set_zone, timezone=name)
    place = Path(zones.LOCALTIME)
    if place.exists() and not place.is_symlink():
        return Step(do=do, final=f"{zones.LOCALTIME} is a copy of a zone, not a link, and is not kept")
    target = str(place.readlink()) if place.is_symlink() else ""
    said = read_text(zones.TIMEZONE) if Path(zones.TIMEZONE).exists() else None
    return Step(do=do, undo=call(zones.put_back, target=target, name=said))
