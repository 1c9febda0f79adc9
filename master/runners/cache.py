"""What the master knows of its minions without asking them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from master.runners.context import RunnerContext
from shoal.errors import StoreError
from shoal.functions.function import function
from shoal.targets import Target
from shoal.wire import encode


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
async def clear_all(ctx: RunnerContext, tgt: str, expr_form: str = "compound") -> list[str]:
    """Forget whatever is known only because the minions of a target have said it: their grains.

    Tags stay: they are the operator's word, not the minion's.

    CLI Example:

        shoal-run cache.clear_all edge-0001
    """
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
