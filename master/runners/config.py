"""What the master was configured with. Secrets stay stars."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from master.fileserver.git_program import without_login
from master.runners.context import RunnerContext
from shoal.errors import ArgumentError
from shoal.functions.function import function
from shoal.secret import STARS, Secret


@function
def get(ctx: RunnerContext, key: str, default: Any = None, *, delimiter: str = ":") -> Any:
    """Return a value of the master's configuration, its default if no file has it.

    A path leads into maps (`nodegroups:arm`). What is not there is an error unless a default is given.

    CLI Example:

        shoal-run config.get publish_port
        shoal-run config.get nodegroups:arm ''
    """
    name, *path = key.split(delimiter or ":")
    known = [each.name for each in fields(ctx.config)]
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean: {near[0]}?" if near else ""
        return _default(default, f"config.get: there is no key {name[:60]!r}.{hint}")
    value = _plain(getattr(ctx.config, name))
    for part in path:
        if not isinstance(value, Mapping) or part not in value:
            return _default(default, f"config.get: {name} has nothing at {key[:200]!r}")
        value = value[part]
    return value


def _default(default: Any, text: str) -> Any:
    if default is None:
        raise ArgumentError(text)
    return default


def _plain(value: Any) -> Any:
    """Return `value` as what can be shown: nothing secret, no types of ours."""
    if isinstance(value, Secret):
        return STARS if value else ""
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(each) for each in value]
    if isinstance(value, (bool, int, float)) or value is None:
        return value
    return without_login(str(value))
