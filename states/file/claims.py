"""What the states of a run have said is theirs, so that a `clean` that comes after them leaves it there.

Salt's `clean` spares what states that are required by name manage, and removes what others of the same run do.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from modules.context import Context
from modules.file.pattern import compiled

_NOTE: Final = "file.claims"


def claim(ctx: Context, name: str) -> None:
    """Say that a path is managed by a state."""
    ctx.notes.setdefault(_NOTE, set()).add(name.rstrip("/"))


def claimed(ctx: Context, folder: Path) -> set[Path]:
    """Return what is claimed below a folder, and the folders on the way there."""
    found = set()
    for name in ctx.notes.get(_NOTE, ()):
        path = Path(name)
        if folder in path.parents:
            found |= {path, *(each for each in path.parents if folder in each.parents)}
    return found


def matches(name: str, pattern: str) -> bool:
    """Say whether a relative path matches a glob, or with `E@` a regular expression. Raises ArgumentError."""
    if pattern.startswith("E@"):
        return compiled(pattern[2:]).search(name) is not None
    return fnmatchcase(name, pattern)


def matches_any(name: str, patterns: str | list[str] | None) -> bool:
    """Say whether a relative path matches one of several patterns."""
    given = [patterns] if isinstance(patterns, str) else patterns or []
    return any(matches(name, each) for each in given)
