"""Starts a program of ours that kills itself, by SIGKILL, at one named point: before or after a function's Nth call.

    python -m tests.faulty POINT COUNT HIT shoal-master --root …

`HIT` is a file that is made at that moment: it proves that the point was reached, and no process that finds it dies
again. The points are in `tests/acceptance/crash_points.py`; the product knows nothing of them.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from tests.acceptance.crash_points import POINTS, Point

_PROGRAMS = {"shoal-master": "master.cli.master", "shoal-minion": "minion.cli.minion"}


def main(name: str, count: str, hit: str, program: str, *words: str) -> int:
    """Arm the point, then be the program."""
    _arm(POINTS[name], int(count), Path(hit))
    sys.argv[0] = program
    run: Callable[[list[str]], int] = importlib.import_module(_PROGRAMS[program]).main
    return run(list(words))


def _arm(point: Point, count: int, hit: Path) -> None:
    owner, name = find(point)
    inner = getattr(owner, name)
    calls = 0

    @wraps(inner)
    def armed(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        if not point.counts(args):
            return inner(*args, **kwargs)
        calls += 1
        if point.when == "before" and calls >= count:
            _die(hit)
        found = inner(*args, **kwargs)
        if point.when == "after" and calls >= count:
            _die(hit)
        return found

    setattr(owner, name, armed)


def find(point: Point) -> tuple[Any, str]:
    """Return the module or class that has the point's function, and the function's name. Raises AttributeError."""
    module, _, path = point.function.partition(":")
    owner: Any = importlib.import_module(module)
    *classes, name = path.split(".")
    for each in classes:
        owner = getattr(owner, each)
    getattr(owner, name)
    return owner, name


def _die(hit: Path) -> None:
    if hit.exists():
        return
    hit.touch()
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("not reached")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
