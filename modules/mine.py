"""The mine: values of this box that others may ask the master for, and those of others.

`mine_functions` in the box's configuration or its pillar says what is in it (`update`, every `mine_interval` minutes
by the daemon); `send` puts in a value by hand. A value is what an execution function returns at that time.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from modules import nested
from modules.context import Context
from shoal.errors import ModuleError, ShoalError, WireError
from shoal.functions.function import function
from shoal.mine import MAX_PACKED, MineQuestion, check_mine_name
from shoal.targets.target import Target
from shoal.wire import decode, encode, plain

log = logging.getLogger(__name__)

_MAX_ANSWER: Final = 8 * 1024 * 1024
_OPTIONS: Final = ("mine_function", "allow_tgt", "allow_tgt_type")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A value as `mine_functions` or a caller asks for it."""

    name: str
    fun: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any]
    allow_tgt: str = ""
    allow_tgt_type: str = "glob"


@function(replay="safe")
def get(
    ctx: Context, tgt: str, fun: str, tgt_type: str = "glob", exclude_minion: bool = False
) -> dict[str, Any]:
    """Return what minions have in the mine under a name: `{minion: value}`; of several names, by name.

    `tgt_type` is the kind of target: `glob`, `list`, `grain`, `ipcidr`, `nodegroup`, `tag` or `compound`. Unlike in
    Salt there are no regular expressions and no pillar: the master matches this for any box that asks.

    CLI Example:

        shoal '*' mine.get '*' addresses
        shoal '*' mine.get 'G@role:db and T@site:paris' addresses,disk.usage tgt_type=compound
    """
    names = tuple(dict.fromkeys(name.strip() for name in fun.split(",") if name.strip()))
    question = MineQuestion(op="get", names=names, target=Target(kind=tgt_type, expr=tgt))
    found = decode(_ask(ctx, question), _MAX_ANSWER)
    values = {
        name: {
            minion: decode(packed, MAX_PACKED)
            for minion, packed in found[name].items()
            if not (exclude_minion and minion == ctx.minion_id)
        }
        for name in names
    }
    return values[names[0]] if len(names) == 1 else values


@function(replay="safe")
def send(
    ctx: Context,
    name: str,
    *args: str,
    mine_function: str = "",
    allow_tgt: str = "",
    allow_tgt_type: str = "glob",
    **kwargs: str,
) -> bool:
    """Run a function and put what it returns into the mine under its name, or under another.

    `allow_tgt` says who may read it.

    CLI Example:

        shoal '*' mine.send disk.usage
        shoal '*' mine.send addresses ipv4 mine_function=grains.get allow_tgt='proxy*'
    """
    wanted = _Wanted(
        name=name,
        fun=mine_function or name,
        args=args,
        kwargs=kwargs,
        allow_tgt=allow_tgt,
        allow_tgt_type=allow_tgt_type,
    )
    _put(ctx, wanted)
    return True


@function(replay="safe")
def update(ctx: Context, clear: bool = False) -> dict[str, str]:
    """Put in anew what `mine_functions` lists, and return what could not be, with the reason.

    With `clear`, what is not listed goes.

    CLI Example:

        shoal '*' mine.update
        shoal '*' mine.update clear=True
    """
    failed = {}
    listed = _listed(ctx)
    for name, entry in listed.items():
        try:
            _put(ctx, _read(name, entry))
        except Exception as error:  # a stranger's function: the others' values are wanted all the same
            level = logging.WARNING if isinstance(error, ShoalError) else logging.ERROR
            log.log(level, "mine: %s: %s", name, error, extra={"action": "mine_failed"})
            failed[name] = str(error)
    if clear:
        _ask(ctx, MineQuestion(op="keep", names=tuple(listed)))
    return failed


@function(replay="safe")
def delete(ctx: Context, fun: str) -> bool:
    """Take a value of this box out of the mine; False if there was none.

    CLI Example:

        shoal '*' mine.delete addresses
    """
    return bool(decode(_ask(ctx, MineQuestion(op="delete", names=(fun,))), 16))


@function(replay="safe")
def flush(ctx: Context) -> int:
    """Take all values of this box out of the mine and return how many there were.

    CLI Example:

        shoal '*' mine.flush
    """
    return int(decode(_ask(ctx, MineQuestion(op="keep")), 16))


@function(replay="safe")
def valid(ctx: Context) -> dict[str, Any]:
    """List what `mine_functions` has that can be run here, and what with.

    CLI Example:

        shoal '*' mine.valid
    """
    found: dict[str, Any] = {}
    for name, entry in _listed(ctx).items():
        try:
            wanted = _read(name, entry)
            ctx.registry.get(wanted.fun)
        except ShoalError:
            continue
        called: Any = {wanted.fun: list(wanted.args)} if wanted.fun != name else list(wanted.args)
        found[name] = {"args": called, "kwargs": dict(wanted.kwargs)} if wanted.kwargs else called
    return found


def _listed(ctx: Context) -> dict[str, Any]:
    """Return `mine_functions`: pillar's over the configuration's, as in Salt."""
    found: dict[str, Any] = {}
    for source in (ctx.settings, ctx.pillar):
        listed = source.get("mine_functions") or {}
        if isinstance(listed, list):
            listed = {str(name): [] for name in listed}
        if not isinstance(listed, Mapping):
            raise ModuleError("mine_functions is a map of names to arguments")
        found |= listed
    return found


def _read(name: str, entry: Any) -> _Wanted:
    """Return what an entry of `mine_functions` means: arguments, and options among them, in a list or a map."""
    parts = entry if isinstance(entry, list) else [entry] if entry else []
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for part in parts:
        if isinstance(part, Mapping):
            kwargs |= part
        else:
            args.append(part)
    options = {key: str(kwargs.pop(key)) for key in _OPTIONS if key in kwargs}
    return _Wanted(
        name=name,
        fun=options.pop("mine_function", name),
        args=tuple(args),
        kwargs=kwargs,
        **options,
    )


def _put(ctx: Context, wanted: _Wanted) -> None:
    try:
        check_mine_name(wanted.name)
    except WireError as error:
        raise ModuleError(str(error)) from None
    packed = encode(plain(nested.call(ctx, wanted.fun, wanted.args, wanted.kwargs)))
    if len(packed) > MAX_PACKED:
        raise ModuleError(
            f"{wanted.fun} returns {len(packed)} bytes; a value of the mine may have {MAX_PACKED}"
        )
    allow = Target(kind=wanted.allow_tgt_type, expr=wanted.allow_tgt) if wanted.allow_tgt else None
    _ask(ctx, MineQuestion(op="put", names=(wanted.name,), packed=packed, target=allow))


def _ask(ctx: Context, question: MineQuestion) -> bytes:
    return ctx.master.ask("mine", **question.to_wire())
