"""Kernel parameters: the value the kernel has now, and the one it gets at each start."""

from __future__ import annotations

from pathlib import Path

from modules.context import Context
from modules.sysctl import running
from modules.sysctl.conf_text import put, same, settings
from modules.sysctl.key import dotted, parts
from shoal.errors import ModuleError
from states.declare import state
from states.folder_steps import folder_steps
from states.plan import Plan, Step, call, unchanged
from states.text_steps import TextSteps


@state
def present(ctx: Context, name: str, value: str | int, config: str = "") -> Plan:
    """Let a kernel parameter have a value, now and after each start.

    Both are set when either differs. `config` is the file for the next start, unless told `sysctl.default_config`. The
    kernel is asked first: what it refuses is not written.

    Example:

        net.ipv4.ip_forward:
          sysctl.present:
            - value: 1
    """
    file = config or running.CONFIG
    steps = TextSteps(file)
    kept = settings(steps.text).get(dotted(parts(name)))
    now = _now(ctx, name)
    runs, lasts = now is not None and same(now, str(value)), kept is not None and same(kept, str(value))
    if runs and lasts:
        return unchanged(f"Sysctl value {name} = {value} is already set")
    made: list[Step] = []
    if now is not None and not runs:
        back = call(running.assign, name=name, value=now)
        made.append(Step(do=call(running.assign, name=name, value=value), undo=back))
    steps.add(call(running.persist, name=name, value=value, config=file), put(steps.text, name, str(value)))
    return Plan(
        steps=(*made, *folder_steps(Path(file).parent), *steps.all()),
        changes={name: value},
        would=_would(name, value, runs=runs, lasts=lasts),
        did=f"Updated sysctl value {name} = {value}",
    )


def _now(ctx: Context, name: str) -> str | None:
    """Return what the kernel has; None if it has no such parameter, as long as its module is not loaded."""
    try:
        return running.get(ctx, name)
    except ModuleError:
        parts(name)  # what is no name at all is told
        return None


def _would(name: str, value: str | int, *, runs: bool, lasts: bool) -> str:
    if runs:
        return (
            "Sysctl value is currently set on the running system but not in a config file. "
            f"Sysctl option {name} set to be changed to {value} in config file."
        )
    if lasts:
        return f"Sysctl option {name} would be changed to {value}"
    return f"Sysctl option {name} set to be changed to {value}"
