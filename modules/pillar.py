"""The box's pillar: what its master made for it (docs/pillar.md).

`get`, `item`, `raw` and `keys` look at what the box has; `items`, `ls` and `obfuscate`, and whoever names a
`pillarenv`, have one made by the master now, which changes nothing for other jobs. An override (`pillar=`) is laid
over it here: unlike in Salt it goes to no master, so templates of pillar do not see it. `ext` is left out: what is
asked of other systems is said in the master's configuration alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modules.context import Context
from shoal.errors import ArgumentError, ModuleError, WireError
from shoal.files.names import check_env
from shoal.functions.function import function
from shoal.lookup import MISSING, traverse
from shoal.lookup import filter_by as pick
from shoal.merge import recurse


@function(replay="safe")
def get(
    ctx: Context,
    key: str,
    default: Any = "",
    *,
    merge: bool = False,
    merge_nested_lists: bool = False,
    delimiter: str = ":",
    pillarenv: str = "",
    saltenv: str = "",
) -> Any:
    """Return a value, or the default when it is not there; `a:b:c` looks into nested ones.

    With `merge` a map goes over the default, map by map, with `merge_nested_lists` lists after the default's.

    CLI Example:

        shoal '*' pillar.get db:password
        shoal '*' pillar.get nginx default='{"port": 80}' merge=True
    """
    found = traverse(_looked_at(ctx, pillarenv, saltenv), key, MISSING, delimiter)
    if merge and isinstance(default, Mapping) and found is not MISSING:
        if not isinstance(found, Mapping):
            raise ModuleError(f"pillar.get: {key} is no map, and the default, which it goes over, is one")
        return recurse(default, found, merge_lists=merge_nested_lists)
    return default if found is MISSING else found


@function(replay="safe")
def item(
    ctx: Context,
    /,
    *names: str,
    default: Any = "",
    delimiter: str = ":",
    pillarenv: str = "",
    saltenv: str = "",
) -> dict[str, Any]:
    """Return some values by name.

    CLI Example:

        shoal '*' pillar.item role db:host
    """
    pillar = _looked_at(ctx, pillarenv, saltenv)
    return {name: traverse(pillar, name, default, delimiter) for name in names}


@function(replay="safe", aliases=("pillar.data",))
def items(
    ctx: Context, pillar: dict[str, Any] | None = None, pillarenv: str = "", saltenv: str = ""
) -> dict[str, Any]:
    """Have the master make the pillar now and return it, with `pillar` laid over; it says why it cannot.

    What comes back is in the clear, and stands in the job's result on the master.

    CLI Example:

        shoal '*' pillar.items
        shoal '*' pillar.items pillar='{role: db}'
    """
    return recurse(ctx.daemon.pillar(_env(ctx, pillarenv, saltenv)), pillar or {})


@function(inline=True, replay="safe")
def raw(ctx: Context, key: str = "") -> Any:
    """Return the pillar that jobs see, or what it has under a key; nobody is asked.

    CLI Example:

        shoal '*' pillar.raw
        shoal '*' pillar.raw role
    """
    return ctx.pillar.get(key, {}) if key else dict(ctx.pillar)


@function(inline=True, replay="safe")
def keys(ctx: Context, key: str, delimiter: str = ":") -> list[str]:
    """List the keys of a map in the pillar.

    CLI Example:

        shoal '*' pillar.keys deep
    """
    found = traverse(ctx.pillar, key, MISSING, delimiter)
    if not isinstance(found, Mapping):
        why = "is not in the pillar" if found is MISSING else f"is a {type(found).__name__}, not a map"
        raise ModuleError(f"pillar.keys: {key} {why}")
    return list(found)


@function(replay="safe")
def ls(ctx: Context, pillarenv: str = "", saltenv: str = "") -> list[str]:
    """Have the master make the pillar now and list its keys.

    CLI Example:

        shoal '*' pillar.ls
    """
    return list(items(ctx, pillarenv=pillarenv, saltenv=saltenv))


@function(replay="safe")
def obfuscate(
    ctx: Context, pillar: dict[str, Any] | None = None, pillarenv: str = "", saltenv: str = ""
) -> Any:
    """Do as `pillar.items`, but return the types of the values, not the values.

    CLI Example:

        shoal '*' pillar.obfuscate
    """
    return _types(items(ctx, pillar=pillar, pillarenv=pillarenv, saltenv=saltenv))


@function(inline=True, replay="safe")
def filter_by(
    ctx: Context,
    lookup_dict: dict[str, Any],
    pillar: str,
    merge: dict[str, Any] | None = None,
    default: str = "default",
    base: str = "",
) -> Any:
    """Return the entry of a table whose key is a glob for a value of the pillar.

    CLI Example:

        shoal '*' pillar.filter_by '{web: nginx, db: postgres, default: none}' role
    """
    return pick(lookup_dict, traverse(ctx.pillar, pillar, []), default=default, base=base, merge=merge)


def _looked_at(ctx: Context, pillarenv: str, saltenv: str) -> Mapping[str, Any]:
    env = _env(ctx, pillarenv, saltenv)
    return ctx.daemon.pillar(env) if env else ctx.pillar


def _env(ctx: Context, pillarenv: str, saltenv: str) -> str:
    """Return the environment that is meant; as in Salt `saltenv` names it where the box is configured so.

    Raises ArgumentError.
    """
    env = pillarenv or (saltenv if ctx.settings.get("pillarenv_from_saltenv") else "")
    try:
        return check_env(env) if env else ""
    except WireError as error:
        raise ArgumentError(str(error)) from None


def _types(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _types(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_types(each) for each in value]
    return f"<{type(value).__name__}>"
