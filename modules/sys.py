"""What this minion can do: its modules and functions, what they take and what they say of themselves.

What looks at all functions loads all modules, so it runs in a job's own process and gives the memory back.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from modules.context import Context
from modules.registry import Registry
from shoal.functions.function import Function, function
from shoal.functions.parameters import REQUIRED


@function(replay="safe")
def doc(ctx: Context, /, *names: str) -> dict[str, str]:
    """Return the documentation of functions: of all, of modules, or of those that a glob names.

    A function's other names are not shown again beside it.

    CLI Example:

        shoal '*' sys.doc test.ping
        shoal '*' sys.doc test
        shoal '*' sys.doc 'sys.list_*'
    """
    found = _select(ctx.registry, names)
    return {name: each.help for name, each in found.items() if name == each.name or each.name not in found}


@function(replay="safe")
def list_functions(ctx: Context, /, *names: str) -> list[str]:
    """List functions: all, those of modules, or those that a glob names.

    CLI Example:

        shoal '*' sys.list_functions test
        shoal '*' sys.list_functions 'status.*age'
    """
    return list(_select(ctx.registry, names))


@function(inline=True, replay="safe")
def list_modules(ctx: Context, /, *names: str) -> list[str]:
    """List the modules: all, or those that a glob names.

    CLI Example:

        shoal '*' sys.list_modules
        shoal '*' sys.list_modules 't*'
    """
    found = ctx.registry.modules()
    return [module for module in found if not names or any(fnmatchcase(module, each) for each in names)]


@function(replay="safe")
def argspec(ctx: Context, /, *names: str) -> dict[str, dict[str, Any]]:
    """Return what functions take: names, defaults and the usage line.

    CLI Example:

        shoal '*' sys.argspec test.sleep
    """
    return {name: _argspec(found) for name, found in _select(ctx.registry, names).items()}


@function(replay="safe")
def schema(ctx: Context, /, *names: str) -> dict[str, dict[str, Any]]:
    """Return all that forms, APIs and command lines need to know of functions.

    CLI Example:

        shoal '*' sys.schema test.sleep
    """
    return {name: found.schema() for name, found in _select(ctx.registry, names).items()}


@function(replay="safe")
def broken(ctx: Context) -> dict[str, str]:
    """Return the modules that cannot be loaded on this box, and why.

    CLI Example:

        shoal '*' sys.broken
    """
    return ctx.registry.broken()


@function(inline=True, replay="safe", aliases=("saltutil.refresh_modules",))
def reload_modules(ctx: Context) -> bool:
    """Forget what was loaded of synced modules, e.g. after a damaged file was mended; fetches nothing.

    CLI Example:

        shoal '*' sys.reload_modules
    """
    ctx.registry.reload_synced()
    return True


def _select(registry: Registry, wanted: tuple[str, ...]) -> dict[str, Function]:
    """Return the functions that full names, module names or globs select; none given selects all."""
    found: dict[str, Function] = {}
    for each in wanted or ("*",):
        pattern = each if "." in each else f"{each}.*"
        names = [name for name in _names_for(registry, pattern) if fnmatchcase(name, pattern)]
        if not names and not any(c in each for c in "*?["):
            names = [each]  # `get` says what is wrong with it
        for name in names:
            found[name] = registry.get(name)
    return dict(sorted(found.items()))


def _names_for(registry: Registry, pattern: str) -> list[str]:
    """Return names among which the pattern can match, loading no module that it does not name."""
    module_pattern = pattern.partition(".")[0]
    return [
        name
        for module in registry.modules()
        if fnmatchcase(module, module_pattern)
        for name in registry.names_in(module)
    ]


def _argspec(found: Function) -> dict[str, Any]:
    signature = found.signature
    named = list(signature.keywords.values())
    return {
        "args": [parameter.name for parameter in named],
        "defaults": [p.default for p in named if p.default is not REQUIRED],
        "varargs": signature.rest.name if signature.rest else None,
        "kwargs": signature.extra.name if signature.extra else None,
        "usage": found.usage,
    }
