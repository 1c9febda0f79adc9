"""`onlyif`, `unless` and `creates`: whether a state is to run at all. `check_cmd`: whether it has done what it should.

A condition is a command line, a list of such, or a function of the box (`fun: file.file_exists`, its arguments beside
it, `args:`, `get_return:`). Commands run with the state's `runas`, `cwd`, `env` and `shell`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from modules import cmd, nested
from modules.context import Context
from shoal.lookup import MISSING, traverse
from states.engine.chunk import Chunk

_COMMAND_OPTIONS: Final = ("runas", "cwd", "env", "shell", "umask", "timeout", "python_shell")
_NOT_ARGUMENTS: Final = ("fun", "args", "get_return")


def reason_not_to_run(ctx: Context, chunk: Chunk) -> str:
    """Return why a state is not to run, in Salt's words; "" when it is. Raises ShoalError for what cannot be asked."""
    args = chunk.args
    if "onlyif" in args and not all(_true(ctx, chunk, each) for each in _each(args["onlyif"])):
        return "onlyif condition is false"
    if "unless" in args and all(_true(ctx, chunk, each) for each in _each(args["unless"])):
        return "unless condition is true"
    if "creates" in args:
        paths = [str(path) for path in _each(args["creates"])]
        if all(Path(path).exists() for path in paths):
            return f"{paths[0]} exists" if len(paths) == 1 else "All files in creates exist"
    return ""


def holds_after(ctx: Context, chunk: Chunk) -> bool:
    """Say whether all of `check_cmd` hold. Raises ShoalError."""
    return all(_true(ctx, chunk, each) for each in _each(chunk.args["check_cmd"]))


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _true(ctx: Context, chunk: Chunk, condition: Any) -> bool:
    if isinstance(condition, bool):
        return condition
    if isinstance(condition, Mapping):
        return _function_true(ctx, condition)
    options: dict[str, Any] = {name: chunk.args[name] for name in _COMMAND_OPTIONS if name in chunk.args}
    return bool(cmd.retcode(ctx, str(condition), cmd.RunOptions(**options)).value == 0)


def _function_true(ctx: Context, condition: Mapping[str, Any]) -> bool:
    name = str(condition.get("fun", ""))
    kwargs = {key: value for key, value in condition.items() if key not in _NOT_ARGUMENTS}
    value = nested.call(ctx, name, condition.get("args") or [], kwargs)
    if "get_return" in condition:
        found = traverse(value, str(condition["get_return"]), MISSING)
        value = None if found is MISSING else found
    if isinstance(value, Mapping) and "retcode" in value and name.startswith("cmd."):
        return bool(value["retcode"] == 0)
    return bool(value)
