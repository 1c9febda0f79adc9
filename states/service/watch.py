"""What a service does when something that it watches has changed."""

from __future__ import annotations

from typing import Final

from modules.context import Context
from modules.service import control
from states.declare import state
from states.plan import Plan, Step, call, failed, unchanged
from states.service.facts import Facts
from states.service.wanted import ServiceOptions

_DEFAULTS: Final = ServiceOptions()


@state
def mod_watch(
    ctx: Context,
    name: str,
    sfun: str = "",
    changed: list[str] | None = None,
    options: ServiceOptions = _DEFAULTS,
) -> Plan:
    """Restart a service that is to run, or reload it; stop one that is to be dead.

    The way back does the same again: by then what it watches is as it was.
    """
    facts = Facts.of(ctx, name, options.sig)
    if sfun == "dead":
        if not facts.runs:
            return unchanged("Service is already stopped")
        return _plan(name, facts.stop_steps(options), "stopped")
    if sfun != "running":
        return failed(f"Unable to trigger watch for service.{sfun}")
    if not facts.runs:
        unmasking = facts.unmask_steps(lasting=options.unmask, runtime=options.unmask_runtime)
        return _plan(name, (*unmasking, *facts.start_steps(options)), "started")
    more = {"no_block": True} if options.no_block else {}
    function, word = control.restart, "restarted"
    if options.reload and not options.full_restart:
        function, word = control.reload, "reloaded"
        if options.force:
            function, word, more = control.force_reload, "forcefully reloaded", {"no_block": options.no_block}
    do = call(function, name=name, **more)
    return _plan(name, (Step(do=do, undo=do),), word)


def _plan(name: str, steps: tuple[Step, ...], word: str) -> Plan:
    return Plan(
        steps=steps,
        changes={name: True},
        would=f"Service is set to be {word}",
        did=f"Service {word}",
        verify=False,
    )
