"""The way back of a change of packages, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modules.pkg import change
from modules.pkg.contract import PackageManager
from shoal.errors import ModuleError
from states.plan import Call, Step, call


def step(manager: PackageManager, do: Call, old: Mapping[str, str]) -> Step:
    """Return the step of a change; `old`: the version that each package had, "" for one that was not there."""
    lost = _lost(manager, [name for name, version in old.items() if version], old)
    if lost:
        return Step(do=do, final=f"no repository has {', '.join(lost[:5])} any more")
    left = [name for name in manager.leftovers() if not old.get(name, "-")]
    more = {"keep_config": left} if left else {}
    return Step(do=do, undo=call(change.restore, packages=dict(old), **more))


def _lost(manager: PackageManager, names: Sequence[str], old: Mapping[str, str]) -> list[str]:
    """Return the packages whose old version cannot be had."""
    if not names:
        return []
    try:
        offers = manager.on_offer(names)
    except ModuleError:  # nobody can be asked: then nothing is promised
        offers = {}
    return [f"{name} {old[name]}" for name in names if old[name] not in offers.get(name, ())]
