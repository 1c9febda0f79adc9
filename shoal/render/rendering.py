"""One rendering under way: how far it may go, and what it has touched.

A template is bounded by turns of its loops, calls and macros, by time, by its output and by the size of a text or list
that it builds (`sandbox.py`). Time is looked at on those turns: one filter call or regular expression is bounded by the
size of what it is given.

Jinja hands no state of ours to filters and sandbox hooks, so the rendering of a thread is kept beside the thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from shoal.errors import RenderError
from shoal.render.source import Source

MAX_STEPS: Final = 500_000
MAX_SECONDS: Final = 10.0
MAX_OUTPUT: Final = 4 * 1024 * 1024  # characters
_MAX_WRITTEN: Final = 64 * 1024 * 1024  # characters by expressions, wherever they go
MAX_ITEMS: Final = 100_000  # of a list or range that a template builds
MAX_INCLUDES: Final = 500  # templates that one template loads, with repeats
_LOOK_EVERY: Final = 256


@dataclass(slots=True)
class Rendering:
    """`sources`: every file that was used, by name, None for one that is not there. `volatile`: not the same twice."""

    deadline: float
    steps: int = 0
    loads: int = 0
    written: int = 0
    volatile: bool = False
    sources: dict[str, Source | None] = field(default_factory=dict)

    def step(self) -> None:
        """Count one turn of a loop, call or macro. Raises RenderError when it has been enough."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise RenderError(f"the template takes more than {MAX_STEPS} turns of loops and calls")
        if not self.steps % _LOOK_EVERY and time.monotonic() > self.deadline:
            raise RenderError(f"the template takes longer than {MAX_SECONDS:g} s")

    def wrote(self, size: int) -> None:
        """Count what an expression has written. Raises RenderError when it has been enough."""
        self.written += size
        if self.written > _MAX_WRITTEN:
            raise RenderError(f"the template writes more than {_MAX_WRITTEN} characters")

    def loaded(self, name: str, source: Source | None) -> None:
        """Note that a file was used, or sought and not found."""
        self.loads += 1
        if self.loads > MAX_INCLUDES:
            raise RenderError(
                f"the template includes more than {MAX_INCLUDES} files; do they include each other?"
            )
        self.sources[name] = source


class _Beside(threading.local):
    now: Rendering | None = None


_beside: Final = _Beside()


@contextmanager
def rendering() -> Iterator[Rendering]:
    """Give a new rendering that is the thread's until the end of the block."""
    before = _beside.now
    _beside.now = mine = Rendering(time.monotonic() + MAX_SECONDS)
    try:
        yield mine
    finally:
        _beside.now = before


def current() -> Rendering:
    """Return the thread's rendering; one that nobody looks at when there is none."""
    return _beside.now or Rendering(time.monotonic() + MAX_SECONDS)


def volatile() -> None:
    """Note that what is being rendered would not be the same a second time."""
    current().volatile = True
