"""Tags: what the operator says of a box. Set here only, so they can be trusted when targeting."""

from __future__ import annotations

import re
from typing import Any, Final

from master.runners.context import RunnerContext
from shoal.errors import ArgumentError
from shoal.functions.function import function
from shoal.targets import Target

_KEY: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_MAX_VALUE: Final = 256
_MAX_TAGS: Final = 128


@function
def list_(ctx: RunnerContext, target: str = "*") -> dict[str, Any]:
    """Show the tags of the minions that the compound `target` means.

    CLI Example:

        shoal-run tag.list 'T@site:paris'
    """
    return {minion: dict(ctx.roster.tags(minion)) for minion in _minions(ctx, target)}


@function
async def set_(ctx: RunnerContext, target: str, **tags: str) -> dict[str, Any]:
    """Set tags on the minions that the compound `target` means.

    CLI Example:

        shoal-run tag.set 'edge-00*' site=paris environment=test
    """
    if not tags:
        raise ArgumentError("tag.set: no tags given; write key=value after the target")
    for key, value in tags.items():
        _check(key, value)
    minions = _minions(ctx, target)
    changed = {minion: {**ctx.roster.tags(minion), **tags} for minion in minions}
    for minion, all_tags in changed.items():
        if len(all_tags) > _MAX_TAGS:
            raise ArgumentError(f"tag.set: {minion} would have {len(all_tags)} tags, {_MAX_TAGS} are allowed")
    await ctx.writer.call(ctx.store.tags.load, dict.fromkeys(minions, tags))
    for minion, all_tags in changed.items():
        ctx.roster.set_tags(minion, all_tags)
        ctx.greet_again(minion)
    return changed


@function
async def delete(ctx: RunnerContext, target: str, *keys: str) -> dict[str, Any]:
    """Delete tags from the minions that the compound `target` means.

    CLI Example:

        shoal-run tag.delete 'edge-00*' environment
    """
    if not keys:
        raise ArgumentError("tag.delete: name the tags to delete after the target")
    result: dict[str, Any] = {}
    for minion in _minions(ctx, target):
        await ctx.writer.call(ctx.store.tags.delete, minion, keys)
        left = {key: value for key, value in ctx.roster.tags(minion).items() if key not in keys}
        ctx.roster.set_tags(minion, left)
        ctx.greet_again(minion)
        result[minion] = left
    return result


def _minions(ctx: RunnerContext, target: str) -> list[str]:
    found = ctx.conductor.preview(Target(kind="compound", expr=target))
    if not found:
        raise ArgumentError(f"no minion matches {target[:100]!r}")
    return found


def _check(key: str, value: str) -> None:
    if not _KEY.fullmatch(key):
        raise ArgumentError(f"bad tag name {key[:40]!r}: up to 64 of A-Z a-z 0-9 _ . -")
    if not value.isprintable() or not 0 < len(value) <= _MAX_VALUE:
        raise ArgumentError(f"bad value for tag {key}: 1 to {_MAX_VALUE} printable characters")
