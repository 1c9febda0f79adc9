"""What is so with a service, and the steps that change it."""

from __future__ import annotations

from dataclasses import dataclass

from modules.context import Context
from modules.service import boot, control, listing, units
from modules.service.provider import manager
from modules.service.systemd import Systemd
from states.plan import Step, call
from states.service.wanted import ServiceOptions

_MASKS = {"masked": False, "masked-runtime": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """How a service does."""

    name: str
    known: bool
    runs: bool
    enabled: bool
    static: bool  # nothing enables it, others start it
    mask: str = ""  # systemd's word for it

    @classmethod
    def of(cls, ctx: Context, name: str, sig: str = "") -> Facts:
        """Ask the box. Raises ModuleError."""
        hand = manager()
        state = hand.file_state(name) if isinstance(hand, Systemd) else ""
        known = listing.available(ctx, name)
        return cls(
            name=name,
            known=known,
            runs=bool(listing.status(ctx, name, sig)) if known or sig else False,
            enabled=known and boot.enabled(ctx, name),
            static=state == "static",
            mask=state if state in _MASKS else "",
        )

    def at_start(self, enable: bool | None) -> bool:
        """Say whether it is set as it is to be for each start; of a static one there is nothing to set."""
        return enable is None or self.enabled == enable or self.static

    def boot_steps(self, enable: bool | None) -> tuple[Step, ...]:
        """Return what lets it start, or not, with the box."""
        if self.at_start(enable):
            return ()
        on, off = call(boot.enable, name=self.name), call(boot.disable, name=self.name, missing_ok=True)
        return (Step(do=on, undo=off) if enable else Step(do=off, undo=on),)

    def start_steps(self, options: ServiceOptions) -> tuple[Step, ...]:
        """Return what starts it."""
        if self.runs:
            return ()
        more = {"no_block": True} if options.no_block else {}
        delay = {"init_delay": options.init_delay} if options.init_delay else {}
        do = call(control.start, name=self.name, **more, **delay)
        return (Step(do=do, undo=call(control.stop, name=self.name, missing_ok=True)),)

    def stop_steps(self, options: ServiceOptions) -> tuple[Step, ...]:
        """Return what stops it."""
        if not self.runs:
            return ()
        more = {"no_block": True} if options.no_block else {}
        do = call(control.stop, name=self.name, **more)
        return (Step(do=do, undo=call(control.start, name=self.name)),)

    def unmask_steps(self, *, lasting: bool, runtime: bool) -> tuple[Step, ...]:
        """Return what takes the mask off, of the kinds that may be taken off."""
        if not self.mask or not (runtime if _MASKS[self.mask] else lasting):
            return ()
        words = {"name": self.name, "runtime": _MASKS[self.mask]}
        return (Step(do=call(units.unmask, **words), undo=call(units.mask, **words)),)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Why `enable: true` has done nothing."""
        return (f"{self.name} has no [Install] section: nothing enables it, other units start it",)
