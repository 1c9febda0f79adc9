"""The unified difference of two texts, bounded in time and size. Pure."""

from __future__ import annotations

import re
from typing import Final

from modules.file.content import for_people, split_lines

_CONTEXT: Final = 3
_MAX_LINES: Final = 4000  # of the part that differs, on either side; comparing costs up to their product
_MAX_CHARS: Final = 256 * 1024
_HUNK: Final = re.compile(r"@@ -(\d+)(,\d+)? \+(\d+)(,\d+)? @@")


def unified(old: str, new: str, old_name: str = "old", new_name: str = "new") -> str:
    """Return the difference as text, "" if there is none; a large one is cut and says so."""
    import difflib  # 1 MB, and only when something is to be shown

    before, after = split_lines(old), split_lines(new)
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    if max(len(before), len(after)) - start - end > _MAX_LINES:
        return f"--- {old_name}\n+++ {new_name}\nmore than {_MAX_LINES} lines differ\n"
    skip, keep = max(0, start - _CONTEXT), max(0, end - _CONTEXT)
    found = difflib.unified_diff(
        before[skip : len(before) - keep], after[skip : len(after) - keep], old_name, new_name, n=_CONTEXT
    )
    return _cut("".join(_moved(line, skip) for line in found))


def _common(one: list[str], other: list[str]) -> int:
    for count, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return count
    return min(len(one), len(other))


def _moved(line: str, skip: int) -> str:
    if match := _HUNK.match(line):
        old, new = int(match[1]) + skip, int(match[3]) + skip
        return f"@@ -{old}{match[2] or ''} +{new}{match[4] or ''} @@\n"
    return line if line.endswith("\n") else line + "\n\\ No newline at end of file\n"


def _cut(text: str) -> str:
    text = for_people(text)
    if len(text) <= _MAX_CHARS:
        return text
    return f"{text[:_MAX_CHARS]}\n[... {len(text) - _MAX_CHARS} characters of the difference left out ...]\n"
