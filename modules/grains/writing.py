"""Functions that change the grains file, and so what the box says of itself from then on.

A change is looked up in the file first and in the job's own grains second: another job may have written a
moment ago. Salt says some refusals as text with success; here they are failures.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from modules.context import Context
from modules.file.put_back import put_back as put_back_text
from modules.grains.grains_file import GrainsFile
from modules.grains.nested import GONE, check_key, whole
from modules.result import Result
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function
from shoal.lookup import MISSING, traverse
from shoal.wire import plain

_HASH_CHARS: Final = "abcdefghijklmnopqrstuvwxyz0123456789!@#$%^&*(-_=+)"


@function(replay="safe")
def setval(ctx: Context, key: str, val: Any, destructive: bool = False) -> dict[str, Any]:
    """Write one grain into the grains file and return it; with `destructive` a value of null deletes it.

    The key is taken as it is, `a:b` too; `grains.set` looks into nested ones. Comments in the file are lost.
    What the configuration's `grains:` names stays what the configuration says.

    CLI Example:

        shoal '*' grains.setval role web
        shoal '*' grains.setval roles '["web", "db"]'
    """
    return setvals(ctx, {key: val}, destructive)


@function(replay="safe")
def setvals(ctx: Context, grains: dict[str, Any], destructive: bool = False) -> dict[str, Any]:
    """Write several grains into the grains file, all or none, and return them; comments in it are lost.

    CLI Example:

        shoal '*' grains.setvals '{role: web, rack: 7}'
    """
    for key in grains:
        check_key(key, "")
    file = GrainsFile.of(ctx)
    with file.editing() as filed:
        for key, value in grains.items():
            _put(filed, key, GONE if value is None and destructive else value)
    _refresh(ctx, file)
    return grains


@function(replay="safe")
def set_(
    ctx: Context,
    key: str,
    val: Any = "",
    force: bool = False,
    destructive: bool = False,
    delimiter: str = ":",
) -> Result:
    """Write a grain, nested ones as `a:b:c`, into the grains file and say what has changed.

    A map or list is replaced, or put in a simple value's place, only with `force`. A nested key of a grain that
    the box found out by itself puts all of that grain into the file, where it stays as it is now. Comments in
    the file are lost. A refusal has return code 1.

    CLI Example:

        shoal '*' grains.set role web
        shoal '*' grains.set 'site:rack' 7
        shoal '*' grains.set roles '["web", "db"]' force=True
    """
    file = GrainsFile.of(ctx)
    try:
        with file.editing() as filed:
            changes = _set(ctx, filed, key, val, force=force, destructive=destructive, delimiter=delimiter)
    except _RefusedError as refusal:
        return Result({"result": False, "comment": str(refusal), "changes": {}}, 1)
    _refresh(ctx, file)
    unchanged = "Grain is not in the grains file" if val is None and destructive else "Grain is already set"
    comment = "" if changes else unchanged
    return Result({"result": True, "comment": comment, "changes": changes}, 0)


@function(replay="safe")
def append(
    ctx: Context, key: str, val: Any, convert: bool = False, delimiter: str = ":"
) -> dict[str, Any] | str:
    """Add a value, or each of a list that is not there yet, to a grain that is a list, and return the grain.

    With `convert` a grain that is no list becomes the first item of one. Comments in the file are lost.

    CLI Example:

        shoal '*' grains.append roles web
    """
    file = GrainsFile.of(ctx)
    with file.editing() as filed:
        items = _list_at(ctx, filed, key, delimiter, convert=convert)
        fresh = [each for each in (val if isinstance(val, list) else [val]) if each not in items]
        if not fresh:
            return f"The val {val} was already in the list {key}"
        changed = _put_nested(ctx, filed, key, items + fresh, delimiter)
    _refresh(ctx, file)
    return changed


@function(replay="safe")
def remove(ctx: Context, key: str, val: Any, delimiter: str = ":") -> dict[str, Any] | str:
    """Take a value, or each of a list, out of a grain that is a list, and return the grain.

    Comments in the file are lost.

    CLI Example:

        shoal '*' grains.remove roles web
    """
    file = GrainsFile.of(ctx)
    with file.editing() as filed:
        items = _list_at(ctx, filed, key, delimiter)
        unwanted = val if isinstance(val, list) and val not in items else [val]
        rest = [each for each in items if each not in unwanted]
        if len(rest) == len(items):
            return f"The val {val} was not in the list {key}"
        changed = _put_nested(ctx, filed, key, rest, delimiter)
    _refresh(ctx, file)
    return changed


@function(replay="safe")
def delkey(ctx: Context, key: str, force: bool = False, delimiter: str = ":") -> Result:
    """Take a grain out of the grains file; a map or list only with `force`. Comments in the file are lost.

    A grain that the box finds out by itself is not in the file and stays.

    CLI Example:

        shoal '*' grains.delkey role
    """
    return set_(ctx, key, None, force, True, delimiter)


@function(replay="safe")
def delval(
    ctx: Context, key: str, destructive: bool = False, force: bool = False, delimiter: str = ":"
) -> Result:
    """Set a grain to null in the grains file; with `destructive` take it out. Comments in the file are lost.

    CLI Example:

        shoal '*' grains.delval role
        shoal '*' grains.delval role destructive=True
    """
    return set_(ctx, key, None, force, destructive, delimiter)


@function(replay="safe")
def put_back(ctx: Context, path: str, content: str = "", left: str = "") -> bool:
    """Give the grains file its earlier content again, as `file.put_back` does, and have the daemon look again.

    CLI Example:

        shoal '*' grains.put_back /etc/shoal/grains
    """
    if path != GrainsFile.of(ctx).path:
        raise ArgumentError(f"{path} is not the grains file of this box")
    changed = put_back_text(ctx, path, content, left)
    if changed:
        refresh(ctx)
    return changed


@function(replay="safe")
def get_or_set_hash(ctx: Context, name: str, length: int = 8, chars: str = _HASH_CHARS) -> Any:
    """Return a grain; one that is not there is made of random characters first and kept in the grains file.

    CLI Example:

        shoal '*' grains.get_or_set_hash 'db:password' 32
    """
    if not 1 <= length <= 4096 or not chars:
        raise ArgumentError("give a length of 1 to 4096 and the characters to choose from")
    import secrets  # brings OpenSSL along, which the executor, who loads this file, can do without

    file = GrainsFile.of(ctx)
    with file.editing() as filed:
        value = traverse({**ctx.grains, **filed}, name, None)
        if value is None:
            value = "".join(secrets.choice(chars) for _ in range(length))
            _put_nested(ctx, filed, name, value, ":")
    _refresh(ctx, file)
    return value


class _RefusedError(ModuleError):
    """Only `force` would do that."""


def _set(
    ctx: Context, filed: dict[str, Any], key: str, val: Any, *, force: bool, destructive: bool, delimiter: str
) -> dict[str, Any]:
    """Change `filed` and return the grain that has changed, {} if none has. Raises _RefusedError."""
    known = {**ctx.grains, **filed}
    deleting = val is None and destructive
    before = traverse(known, key, MISSING, delimiter)
    if deleting:
        check_key(key, delimiter)
        if before is MISSING or (key.split(delimiter)[0] if delimiter else key) not in known:
            return {}
    elif before is not MISSING and before == val and type(before) is type(val):
        return {}
    if not force:
        check_shape(key, None if before is MISSING else before, val)
    try:
        grain, value = whole(known, key, GONE if deleting else val, delimiter, force=force)
    except ModuleError as error:
        raise _RefusedError(str(error)) from None
    old = filed.get(grain, MISSING)
    _put(filed, grain, value)
    return {} if filed.get(grain, MISSING) == old else {grain: filed.get(grain)}


def check_shape(key: str, before: Any, val: Any) -> None:
    """Raise ModuleError for a change that only `force` would make."""
    if isinstance(before, (dict, list)):
        raise _RefusedError(f"The key '{key}' exists but is a dict or a list. Use 'force=True' to overwrite.")
    if before is not None and isinstance(val, (dict, list)):
        raise _RefusedError(
            f"The key '{key}' exists and the given value is a dict or a list. Use 'force=True' to overwrite."
        )


def _list_at(
    ctx: Context, filed: Mapping[str, Any], key: str, delimiter: str, *, convert: bool = False
) -> list[Any]:
    value = traverse({**ctx.grains, **filed}, key, None, delimiter)
    if value is None:
        return []
    if isinstance(value, (list, tuple)):
        return list(value)
    if convert:
        return [value]
    raise ModuleError(f"the grain {key} is not a list: use convert=True to make it one")


def _put_nested(ctx: Context, filed: dict[str, Any], key: str, value: Any, delimiter: str) -> dict[str, Any]:
    grain, changed = whole({**ctx.grains, **filed}, key, value, delimiter)
    _put(filed, grain, changed)
    return {grain: filed[grain]}


def _put(filed: dict[str, Any], grain: str, value: Any) -> None:
    if value is GONE:
        filed.pop(grain, None)
    elif value is not MISSING:
        filed[grain] = plain(value)


def _refresh(ctx: Context, file: GrainsFile) -> None:
    if file.changed:
        refresh(ctx)


def refresh(ctx: Context) -> None:
    """Let the daemon see the change. It does so before it takes this job's return, so the next job knows."""
    try:
        ctx.daemon.request("refresh_grains")
    except ModuleError:
        pass  # a call without a daemon: the next one reads the file anyway
