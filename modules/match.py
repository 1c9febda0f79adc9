"""Asks the box whether a target expression means it: the master's evaluator, on the box's own facts."""

from __future__ import annotations

from typing import Any, Literal

from modules.context import Context
from shoal.functions.function import function
from shoal.lookup import over
from shoal.targets import Facts, Target, compile_target

Kind = Literal[
    "glob", "pcre", "list", "grain", "grain_pcre", "pillar", "pillar_pcre", "ipcidr", "compound", "tag"
]


@function(inline=True, replay="safe")
def glob(ctx: Context, tgt: str, minion_id: str = "") -> bool:
    """Say whether the minion's id matches a glob.

    CLI Example:

        shoal '*' match.glob 'web*'
    """
    return _matches(ctx, "glob", tgt, minion_id=minion_id)


@function(replay="safe")
def pcre(ctx: Context, tgt: str, minion_id: str = "") -> bool:
    """Say whether the minion's id matches a regular expression.

    CLI Example:

        shoal '*' match.pcre 'web[0-9]+'
    """
    return _matches(ctx, "pcre", tgt, minion_id=minion_id)


@function(inline=True, replay="safe")
def list_(ctx: Context, tgt: str, minion_id: str = "") -> bool:
    """Say whether the minion's id is in a list, `a,b,c`.

    CLI Example:

        shoal '*' match.list 'web1,web2'
    """
    return _matches(ctx, "list", tgt, minion_id=minion_id)


@function(inline=True, replay="safe")
def grain(ctx: Context, tgt: str, delimiter: str = ":") -> bool:
    """Say whether a grain matches a glob.

    CLI Example:

        shoal '*' match.grain 'os:Debian'
    """
    return _matches(ctx, "grain", tgt, delimiter)


@function(replay="safe")
def grain_pcre(ctx: Context, tgt: str, delimiter: str = ":") -> bool:
    """Say whether a grain matches a regular expression.

    CLI Example:

        shoal '*' match.grain_pcre 'os:(Debian|Ubuntu)'
    """
    return _matches(ctx, "grain_pcre", tgt, delimiter)


@function(inline=True, replay="safe")
def pillar(ctx: Context, tgt: str, delimiter: str = ":") -> bool:
    """Say whether a pillar value matches a glob.

    CLI Example:

        shoal '*' match.pillar 'role:web*'
    """
    return _matches(ctx, "pillar", tgt, delimiter)


@function(replay="safe")
def pillar_pcre(ctx: Context, tgt: str, delimiter: str = ":") -> bool:
    """Say whether a pillar value matches a regular expression.

    CLI Example:

        shoal '*' match.pillar_pcre 'role:(web|db)'
    """
    return _matches(ctx, "pillar_pcre", tgt, delimiter)


@function(inline=True, replay="safe")
def ipcidr(ctx: Context, tgt: str) -> bool:
    """Say whether one of the box's addresses is this one or lies in this network.

    CLI Example:

        shoal '*' match.ipcidr '192.168.44.0/24'
    """
    return _matches(ctx, "ipcidr", tgt)


@function(replay="safe")
def compound(ctx: Context, tgt: str, minion_id: str = "") -> bool:
    """Say whether a compound expression means the minion.

    CLI Example:

        shoal '*' match.compound 'G@os:Debian and not web*'
    """
    return _matches(ctx, "compound", tgt, minion_id=minion_id)


@function(inline=True, replay="safe")
def tag(ctx: Context, tgt: str, delimiter: str = ":") -> bool:
    """Say whether a tag, set by the master, matches a glob.

    CLI Example:

        shoal '*' match.tag 'site:north'
    """
    return _matches(ctx, "tag", tgt, delimiter)


@function(replay="safe")
def filter_by(
    ctx: Context,
    lookup: dict[str, Any],
    tgt_type: Kind = "compound",
    minion_id: str = "",
    merge: dict[str, Any] | None = None,
    default: str = "default",
) -> Any:
    """Return the entry of a table whose key, a target, is the first to mean the minion.

    CLI Example:

        shoal '*' match.filter_by '{"foo*": "Foo!", "bar*": "Bar!", "default": "none"}' minion_id=bar03
    """
    for target, value in lookup.items():
        if target != default and _matches(ctx, tgt_type, target, minion_id=minion_id):
            return over(value, merge)
    return over(lookup.get(default), merge)


@function(replay="safe")
def search_by(
    ctx: Context, lookup: dict[str, list[str]], tgt_type: Kind = "compound", minion_id: str = ""
) -> list[str] | None:
    """Return the keys of a table that have a target which means the minion.

    CLI Example:

        shoal '*' match.search_by '{"web": ["web*"], "db": ["db*", "G@roles:db"]}' minion_id=web1
    """
    found = [
        key
        for key, targets in lookup.items()
        if any(_matches(ctx, tgt_type, target, minion_id=minion_id) for target in targets)
    ]
    return found or None


def _matches(ctx: Context, kind: Kind, expr: str, delimiter: str = ":", *, minion_id: str = "") -> bool:
    target = Target(kind=kind, expr=expr, delimiter=delimiter)
    matcher = compile_target(target, ctx.settings.get("nodegroups", {}))
    return matcher(Facts(id=minion_id or ctx.minion_id, grains=ctx.grains, pillar=ctx.pillar, tags=ctx.tags))
