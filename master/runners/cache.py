"""What the master knows of its minions without asking them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from master.runners.context import RunnerContext
from shoal.errors import StoreError
from shoal.functions.function import function
from shoal.mine import MAX_PACKED
from shoal.targets import Target
from shoal.wire import decode, encode, plain


@function
def grains(ctx: RunnerContext, tgt: str = "*", expr_form: str = "compound") -> dict[str, Any]:
    """Return the grains that the master knows, of the minions that a target means.

    `expr_form` is the kind of target, as in Salt: `glob`, `list`, `grain`, `pcre`, `compound` …

    CLI Example:

        shoal-run cache.grains
        shoal-run cache.grains 'G@os:Debian and T@site:paris'
    """
    return {minion: dict(ctx.roster.grains(minion)) for minion in _minions(ctx, tgt, expr_form)}


@function
async def clear_grains(ctx: RunnerContext, tgt: str, expr_form: str = "compound") -> list[str]:
    """Forget the grains of the minions that a target means; those that are connected are asked for them anew.

    A minion that is away matches no target by grains until it has come back.

    CLI Example:

        shoal-run cache.clear_grains 'edge-00*'
    """
    minions = _minions(ctx, tgt, expr_form)
    for minion in minions:
        nothing = {"id": minion}
        ctx.roster.set_grains(minion, nothing, b"")
        kept = await ctx.writer.read(ctx.store.facts.get, minion)
        if kept is not None:
            packed = encode({"digest": b"", "grains": nothing})
            await ctx.writer.call(
                ctx.store.facts.put, [replace(kept, packed_grains=packed, reported=ctx.now())]
            )
        ctx.greet_again(minion)
    return minions


@function
async def mine(ctx: RunnerContext, tgt: str = "*", expr_form: str = "compound") -> dict[str, Any]:
    """Return what the minions of a target have put into the mine, by minion and name.

    CLI Example:

        shoal-run cache.mine
        shoal-run cache.mine 'web-*'
    """
    found: dict[str, Any] = {}
    for minion in _minions(ctx, tgt, expr_form):
        values = await ctx.writer.read(ctx.store.mine.of, minion)
        if values:
            found[minion] = {value.name: decode(value.packed, MAX_PACKED) for value in values}
    return found


@function
async def clear_mine(ctx: RunnerContext, tgt: str, expr_form: str = "compound") -> dict[str, int]:
    """Forget what the minions of a target have put into the mine; return how many values that were.

    They put them in again at their next update.

    CLI Example:

        shoal-run cache.clear_mine 'web-*'
    """
    minions = _minions(ctx, tgt, expr_form)
    return {minion: await ctx.writer.call(ctx.store.mine.keep, minion, ()) for minion in minions}


@function
def pillar(ctx: RunnerContext, tgt: str = "*", expr_form: str = "compound") -> dict[str, Any]:
    """Return the pillar of minions as it was last made for them since the master's start; sealed values stay sealed.

    CLI Example:

        shoal-run cache.pillar web-1
    """
    return {minion: plain(ctx.roster.pillar(minion)) for minion in _minions(ctx, tgt, expr_form)}


@function
async def clear_all(ctx: RunnerContext, tgt: str, expr_form: str = "compound") -> list[str]:
    """Forget what is known only because the minions of a target have said it: grains, and values in the mine.

    Tags stay: they are the operator's word, not the minion's.

    CLI Example:

        shoal-run cache.clear_all edge-0001
    """
    await clear_mine(ctx, tgt, expr_form)
    return await clear_grains(ctx, tgt, expr_form)


@function
async def pushed(ctx: RunnerContext, tgt: str = "*", expr_form: str = "compound") -> dict[str, Any]:
    """List what minions have pushed with `cp.push`: names and sizes in bytes, by minion.

    The files are below `minions/ID/files` in the master's cache.

    CLI Example:

        shoal-run cache.pushed
        shoal-run cache.pushed 'web-*'
    """
    return await ctx.files.beside(_each, ctx.pushed.listed, _minions(ctx, tgt, expr_form))


@function
async def clear_pushed(ctx: RunnerContext, tgt: str, expr_form: str = "compound") -> dict[str, Any]:
    """Remove what minions have pushed; return how many files that were, by minion.

    CLI Example:

        shoal-run cache.clear_pushed web-1
    """
    return await ctx.files.beside(_each, ctx.pushed.clear, _minions(ctx, tgt, expr_form))


def _each(ask: Callable[[str], Any], minions: list[str]) -> dict[str, Any]:
    """Ask for each, and leave out those of whom there is nothing."""
    try:
        answers = {minion: ask(minion) for minion in minions}
    except OSError as error:
        raise StoreError(f"{error.filename}: cannot be read or written: {error.strerror}") from None
    return {minion: answer for minion, answer in answers.items() if answer}


def _minions(ctx: RunnerContext, tgt: str, expr_form: str) -> list[str]:
    return ctx.conductor.preview(Target(kind=expr_form, expr=tgt))
