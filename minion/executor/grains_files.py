"""Custom grains: the functions of `_grains` files, which a signed manifest of the master names.

1. A file's own functions without a leading underscore are called, in the order they are written. One that takes
   `grains` gets the grains known so far; one that needs other arguments is a helper and is not called.
2. A function returns a map of grains, or None for none. Later files and functions win over earlier ones.
3. What fails gives no grains and a line that says why; the other functions and files go on.

This is a stranger's code: only `custom_child.py` calls it, in a process of its own. Not in `minion.grains`, which
loads more than the executor should.
"""

from __future__ import annotations

import copy
import inspect
import sys
from collections.abc import Callable, Mapping
from types import FunctionType, ModuleType
from typing import Any, Final

from minion.executor.custom_file import CustomFile
from shoal.errors import AlteredError
from shoal.synced import read_checked
from shoal.wire import encode, plain

MAX_BYTES: Final = 48 * 1024  # that one file's grains may have, packed
_MAX_ERROR: Final = 300


def gather(file: CustomFile, grains: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Run one file; return its grains as wire values, and a line for each thing that went wrong."""
    found: dict[str, Any] = {}
    errors: list[str] = []
    try:
        functions = _load(file, read_checked(file.path, file.digest))
    except AlteredError as error:
        return {}, [str(error)]
    except (Exception, SystemExit) as error:
        return {}, [f"{file.name} cannot be loaded: {_said(error)}"]
    for name, call in functions.items():
        try:
            found |= _called(call, {**grains, **found})
        except (Exception, SystemExit) as error:
            errors.append(f"{file.name}: {name} failed: {_said(error)}")
    size = len(encode(found))
    if size > MAX_BYTES:
        return {}, [*errors, f"{file.name}: its grains have {size} bytes, more than {MAX_BYTES}"]
    return found, errors


def _load(file: CustomFile, code: bytes) -> dict[str, FunctionType]:
    fresh = ModuleType(f"shoal_grains_{file.name.removesuffix('.py')}")
    fresh.__file__ = str(file.path)
    sys.modules[fresh.__name__] = fresh  # dataclasses and type hints look their module up here
    exec(compile(code, str(file.path), "exec"), fresh.__dict__)  # noqa: S102  that is the feature
    return {
        name: each
        for name, each in vars(fresh).items()
        if isinstance(each, FunctionType) and each.__module__ == fresh.__name__ and not name.startswith("_")
    }


def _called(call: Callable[..., Any], grains: Mapping[str, Any]) -> dict[str, Any]:
    given = inspect.signature(call).parameters
    needed = {
        name
        for name, parameter in given.items()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }
    if needed - {"grains"}:
        return {}
    answer = call(grains=copy.deepcopy(dict(grains))) if "grains" in given else call()
    if answer is None:
        return {}
    if not isinstance(answer, Mapping):
        raise TypeError(f"it returned a {type(answer).__name__}, not a map of grains")
    return {str(name): plain(value) for name, value in answer.items()}


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:_MAX_ERROR]
