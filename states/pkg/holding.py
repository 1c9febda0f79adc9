"""`pkg.held` and `pkg.unheld`, and the `hold` of `pkg.installed`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from modules.context import Context
from modules.pkg import upkeep
from modules.pkg.contract import PackageReader
from modules.pkg.provider import package_manager
from states.declare import state
from states.pkg.wanted import Packages, versions_of
from states.plan import Done, Plan, Step, call, unchanged

_OLD: dict[bool, dict[str, str]] = {
    True: {"old": "install", "new": "hold"},
    False: {"old": "hold", "new": "install"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What is to be done so that packages are held, or not. `on`: None leaves them as they are."""

    on: bool | None
    names: tuple[str, ...] = ()  # all
    changing: tuple[str, ...] = ()

    @classmethod
    def of(cls, manager: PackageReader, names: list[str], on: bool | None) -> Holding:
        """Ask the box."""
        if on is None:
            return cls(on=None)
        held = set(manager.holds())
        return cls(on=on, names=tuple(names), changing=tuple(each for each in names if (each in held) != on))

    @property
    def changes(self) -> dict[str, Any]:
        """What people are told."""
        return {each: _OLD[bool(self.on)] for each in self.changing}

    def steps(self) -> tuple[Step, ...]:
        """Return the step, if there is one."""
        if not self.changing:
            return ()
        hold, free = (call(each, pkgs=list(self.changing)) for each in (upkeep.hold, upkeep.unhold))
        return (Step(do=hold, undo=free) if self.on else Step(do=free, undo=hold),)

    @property
    def would(self) -> str:
        """What is said before, behind what is said of the installation."""
        new = "is set to be held" if self.on else "is set not to be held"
        return self._told(new)

    @property
    def did(self) -> str:
        """What is said afterwards."""
        return self._told("is now being held" if self.on else "is no longer being held")

    def _told(self, new: str) -> str:
        old = "is already set to be held" if self.on else "is already set not to be held"
        lines = [f"Package {each} {new if each in self.changing else old}." for each in self.names]
        return "".join(["." if lines else "", *(f"\n{line}" for line in lines)])


@state
def held(ctx: Context, name: str, pkgs: Packages | None = None, replace: bool = False) -> Plan:
    """Hold packages at the version they have; with `replace` hold no others.

    Example:

        kernel stays:
          pkg.held:
            - pkgs:
              - linux-image-amd64
    """
    manager = package_manager(ctx)
    names = list(versions_of(manager, name, pkgs))
    now = manager.holds()
    holding = Holding.of(manager, names, True)
    others = [each for each in now if each not in names] if replace else []
    freeing = Holding.of(manager, others, False)
    return _plan(holding, freeing)


@state
def unheld(ctx: Context, name: str, pkgs: Packages | None = None, all_: bool = False) -> Plan:
    """Let packages go that are held; with `all` all of them.

    Example:

        nginx:
          pkg.unheld
    """
    manager = package_manager(ctx)
    names = manager.holds() if all_ else list(versions_of(manager, name, pkgs))
    return _plan(Holding(on=True), Holding.of(manager, names, False))


def _plan(holding: Holding, freeing: Holding) -> Plan:
    changes = {**holding.changes, **freeing.changes}
    if not changes:
        return unchanged("No changes made")
    would = [
        f"The following package{'s' if len(each.changing) > 1 else ''} would be {word}: {', '.join(each.changing)}"
        for each, word in ((holding, "held"), (freeing, "unheld"))
        if each.changing
    ]
    return Plan(
        steps=(*holding.steps(), *freeing.steps()), changes=changes, would="\n".join(would), judge=_judge
    )


def _judge(answers: tuple[Any, ...]) -> Done:
    """Read what `pkg.hold` and `pkg.unhold` answer: a map for each package."""
    told = {name: each for answer in answers for name, each in answer.items()}
    changes = {name: each["changes"] for name, each in told.items() if each["changes"]}
    said = [_said(name, each) for name, each in told.items()]
    return Done(
        result=all(each["result"] for each in told.values()), comment="\n".join(said), changes=changes
    )


def _said(name: str, answer: dict[str, Any]) -> str:
    if not answer["changes"]:
        return str(answer["comment"])
    return f"Package {name} " + (
        "is now being held" if answer["changes"]["new"] == "hold" else "is no longer being held."
    )
