"""`service.running` and `service.dead`."""

from __future__ import annotations

from typing import Any, Final

from modules.context import Context
from states.declare import state
from states.plan import Plan, unchanged
from states.service.facts import Facts
from states.service.wanted import ServiceOptions

_DEFAULTS: Final = ServiceOptions()
_ABSENT: Final = "Service {} not present; if created in this state run, it would have been {}"


@state
def running(ctx: Context, name: str, options: ServiceOptions = _DEFAULTS) -> Plan:
    """Let a service run, and with `enable` at each start, or not.

    What it watches makes it restart; with `reload` it only reads its configuration again.

    Example:

        nginx:
          service.running:
            - enable: true
            - reload: true
    """
    facts = Facts.of(ctx, name, options.sig)
    unmasking = facts.unmask_steps(lasting=options.unmask, runtime=options.unmask_runtime)
    starting, setting = facts.start_steps(options), facts.boot_steps(options.enable)
    would_mask, did_mask = _of_mask(name, options, taken_off=bool(unmasking))
    if facts.known and not (starting or setting or unmasking):
        return unchanged(f"The service {name} is already running{did_mask}")
    did = f"Started service {name}"
    would = f"Service {name} is set to start"
    if not facts.known:
        would = _ABSENT.format(name, "started")
    elif not starting and setting:
        would = f"Service {name} set to be {_word(options.enable)}"
    elif not starting:
        would = did = f"The service {name} is already running"
    if setting or (starting and options.enable is not None):
        did = f"Service {name} {_boot_words(facts, options.enable, 'is running' if starting else '')}"
    if starting and options.init_delay:
        did = f"{did}\nDelayed return for {options.init_delay:g} seconds"
    return Plan(
        steps=(*unmasking, *starting, *setting),
        changes={name: True},
        would=would + would_mask,
        did=did + did_mask,
        warnings=facts.warnings if options.enable and facts.static else (),
    )


@state
def dead(ctx: Context, name: str, options: ServiceOptions = _DEFAULTS) -> Plan:
    """Let a service not run, and with `enable: false` not start with the box either.

    One that does not exist is dead.

    Example:

        bluetooth:
          service.dead:
            - enable: false
    """
    facts = Facts.of(ctx, name, options.sig)
    if not facts.known:
        return unchanged(f"The named service {name} is not available")
    stopping, setting = facts.stop_steps(options), facts.boot_steps(options.enable)
    if not stopping and not setting:
        return unchanged(f"The service {name} is already dead")
    did = f"Service {name} was killed"
    if setting or options.enable is not None:
        did = f"Service {name} {_boot_words(facts, options.enable, 'is dead' if stopping else '')}"
    changes: dict[str, Any] = {name: bool(setting)}
    would = (
        f"Service {name} is set to be killed"
        if stopping
        else f"Service {name} set to be {_word(options.enable)}"
    )
    return Plan(steps=(*stopping, *setting), changes=changes, would=would, did=did)


@state
def enabled(ctx: Context, name: str) -> Plan:
    """Let a service start with the box; it is not started now.

    Example:

        nginx:
          service.enabled
    """
    facts = Facts.of(ctx, name)
    if facts.known and facts.at_start(True):
        warnings = facts.warnings if facts.static else ()
        said = f"Service {name} is already enabled, and is in the desired state"
        return Plan(did=said, would=said, expected=True, warnings=warnings)
    would = f"Service {name} set to be enabled" if facts.known else _ABSENT.format(name, "enabled")
    return Plan(
        steps=facts.boot_steps(True),
        changes={name: True},
        would=would,
        did=f"Service {name} has been enabled, and is in the desired state",
    )


@state
def disabled(ctx: Context, name: str) -> Plan:
    """Let a service not start with the box; it is not stopped now.

    Example:

        bluetooth:
          service.disabled
    """
    facts = Facts.of(ctx, name)
    if not facts.known:
        return unchanged(f"The named service {name} is not available")
    if facts.at_start(False):
        return unchanged(f"Service {name} is already disabled, and is in the desired state")
    return Plan(
        steps=facts.boot_steps(False),
        changes={name: True},
        would=f"Service {name} set to be disabled",
        did=f"Service {name} has been disabled, and is in the desired state",
    )


def _word(enable: bool | None) -> str:
    return "enabled" if enable else "disabled"


def _boot_words(facts: Facts, enable: bool | None, now: str) -> str:
    already = "is already" if facts.at_start(enable) else "has been"
    return f"{already} {_word(enable)}, and {now or 'is in the desired state'}"


def _of_mask(name: str, options: ServiceOptions, *, taken_off: bool) -> tuple[str, str]:
    """Return what a test run and a real one say of the mask."""
    if not options.unmask and not options.unmask_runtime:
        return "", ""
    if taken_off:
        return f"\nService {name} would be unmasked", f"\nService {name} was unmasked"
    return (f"\nService {name} was already unmasked",) * 2
