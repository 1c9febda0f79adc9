"""Blackout, a freeze of changes: for the time being a box runs only the functions that are listed.

`minion_blackout` and `minion_blackout_whitelist` as in Salt, from the box's configuration, its grains or its pillar.

1. Any source can begin one, and none can end another's: a function runs if each source that has a blackout lists it.
2. A list counts for its own source only, and holds whole names, no patterns: a function's own name, or the one it is
   asked by. Text that stands in place of a list is one name, never searched for parts.
3. What ends a blackout always runs: looking at grains and pillar again, and changing these two grains.

Pure. Whoever runs a function from within another asks here too, with the name that is really going to run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:  # the daemon asks here too, and has no use for what these bring along
    from modules.context import Context
    from shoal.functions.function import Function

BLACKOUT: Final = "minion_blackout"
WHITELIST: Final = "minion_blackout_whitelist"
_ALWAYS: Final = frozenset(
    f"{module}.refresh_{what}" for module in ("minion", "saltutil") for what in ("grains", "pillar")
)
_CHANGING: Final = frozenset(f"grains.{name}" for name in ("delkey", "delval", "set", "setval"))


def refusal(names: Sequence[str], key: object, sources: Mapping[str, Mapping[str, Any]]) -> str:
    """Return why a function of these names does not run now, nothing if it does.

    `key` is its first argument; `sources` are the values of each source by what people call it.
    """
    if not _ALWAYS.isdisjoint(names) or (key in (BLACKOUT, WHITELIST) and not _CHANGING.isdisjoint(names)):
        return ""
    for source, values in sources.items():
        if values.get(BLACKOUT) and _listed(values.get(WHITELIST)).isdisjoint(names):
            return f"{names[0]} is not listed, and there is a blackout by its {source} ({BLACKOUT})"
    return ""


def forbids(
    ctx: Context, function: Function, asked: str, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> str:
    """Return why a function, `asked` for by this name with these arguments, does not run now; nothing if it does."""
    key = args[0] if args else kwargs.get("key")
    return refusal((asked, function.name), key, sources_of(ctx.settings, ctx.grains, ctx.pillar))


def held(fun: str, sources: Mapping[str, Mapping[str, Any]]) -> str:
    """Return why a kept job should wait that names `fun`, nothing if it may be tried; its arguments are not known."""
    return "" if fun in _CHANGING else refusal((fun,), "", sources)


def sources_of(
    settings: Mapping[str, Any], grains: Mapping[str, Any], pillar: Mapping[str, Any]
) -> dict[str, Mapping[str, Any]]:
    """Return the sources under their names, for the other functions here."""
    return {"configuration": settings, "grains": grains, "pillar": pillar}


def _listed(value: object) -> frozenset[str]:
    if isinstance(value, str):
        return frozenset((value,))
    if isinstance(value, (list, tuple)):
        return frozenset(each for each in value if isinstance(each, str))
    return frozenset()
