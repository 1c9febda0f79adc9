"""Who answers the same: runs a function on minions and puts those with equal answers into one pool."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from master.intake import Order
from master.runners.context import RunnerContext
from master.runs import Silence
from shoal.errors import ArgumentError, WireError
from shoal.functions.function import function
from shoal.returns import Return
from shoal.wire import encode

_MAX_LINES: Final = 1000  # of an answer that is compared: comparing takes time by their square
_MAX_COMPARED: Final = 50  # pools


@dataclass(slots=True)
class _Pool:
    """An answer, and who gave it. Nobody's digest is empty: those minions gave none."""

    hash: str
    result: Any
    minions: list[str] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """Return Salt's shape."""
        return {"pool": sorted(self.minions), "hash": self.hash, "result": self.result}


@function
async def hash_(
    ctx: RunnerContext,
    tgt: str,
    fun: str,
    *args: str,
    survey_sort: str = "down",
    expr_form: str = "compound",
    timeout: float = 0.0,
) -> list[dict[str, Any]]:
    """Run a function and show which minions answer the same; the largest pool first, or last with `survey_sort=up`.

    Minions that do not answer stand in pools of their own, with why, and without a hash.

    CLI Example:

        shoal-run survey.hash '*' file.get_hash /etc/hosts
        shoal-run survey.hash 'G@os:Debian' cmd.run 'uname -r' survey_sort=up
    """
    _check(survey_sort)
    pools = await _ask(ctx, tgt, fun, args, expr_form, timeout)
    return [pool.shown() for pool in (pools if survey_sort == "down" else reversed(pools))]


@function
async def diff(
    ctx: RunnerContext,
    tgt: str,
    fun: str,
    *args: str,
    survey_sort: str = "down",
    expr_form: str = "compound",
    timeout: float = 0.0,
) -> list[dict[str, Any]]:
    """Run a function and show how the pools' answers differ from that of the largest pool.

    Of the 50 largest pools but that one there are the lines that differ (`-` the largest pool's, `+` its own).

    CLI Example:

        shoal-run survey.diff '*' cmd.run 'cat /etc/resolv.conf'
    """
    _check(survey_sort)
    pools = await _ask(ctx, tgt, fun, args, expr_form, timeout)
    if not pools:
        return []
    first, *others = pools
    shown = [first.shown()]
    for number, pool in enumerate(others):
        one = pool.shown()
        if first.hash and pool.hash and number < _MAX_COMPARED:
            del one["result"]
            one["diff"] = await asyncio.to_thread(_difference, first.result, pool.result)
        shown.append(one)
    return shown if survey_sort == "down" else shown[::-1]


def _check(survey_sort: str) -> None:
    if survey_sort not in ("up", "down"):
        raise ArgumentError(f"survey_sort={survey_sort!r}: up or down expected")


async def _ask(
    ctx: RunnerContext, tgt: str, fun: str, args: tuple[str, ...], expr_form: str, timeout_s: float
) -> list[_Pool]:
    """Run the job to its end and return the pools, the largest first, those without an answer last."""
    order = Order.from_wire(
        {
            "op": "run",
            "target": {"kind": expr_form, "expr": tgt, "delimiter": ":"},
            "fun": fun,
            "args": list(args),
            "from_text": True,
            "timeout_s": timeout_s,
        }
    )
    answers: dict[str, tuple[str, Any]] = {}  # a minion that was given up may answer all the same
    values: dict[str, Any] = {}  # one of each, however many give it
    async for item in await ctx.conductor.begin(order, ctx.caller):
        if isinstance(item, Return):
            digest, value = _read(item)
            answers[item.minion] = digest, values.setdefault(digest, value)
        elif isinstance(item, Silence):
            answers[item.minion] = "", f"Minion did not return. [{item.label}]"
    pools: dict[tuple[str, str], _Pool] = {}
    for minion, (digest, value) in answers.items():
        key = (digest, "" if digest else str(value))
        pools.setdefault(key, _Pool(digest, value)).minions.append(minion)
    return sorted(pools.values(), key=lambda pool: (not pool.hash, -len(pool.minions), min(pool.minions)))


def _read(item: Return) -> tuple[str, Any]:
    """Return a digest and the value. Failed answers are answers too: their text tells them apart."""
    try:
        value = item.value()
    except WireError as error:
        value = f"[cannot be read: {error}]"
    return hashlib.sha256(encode(_steady(value))).hexdigest(), value


def _steady(value: Any) -> Any:
    """Return `value` with its maps in one order: two boxes may fill them in different ones."""
    if isinstance(value, Mapping):
        return {key: _steady(value[key]) for key in sorted(value, key=repr)}
    return [_steady(each) for each in value] if isinstance(value, list) else value


def _difference(reference: Any, other: Any) -> str:
    import difflib  # only for this

    from shoal.outputters import render

    before, after = (
        value.splitlines() if isinstance(value, str) else render(value, "nested").splitlines()
        for value in (reference, other)
    )
    if max(len(before), len(after)) > _MAX_LINES:
        return f"[not compared: an answer has more than {_MAX_LINES} lines]"
    lines = difflib.unified_diff(before, after, "the largest pool", "this pool", lineterm="", n=1)
    return "\n".join(lines)
