"""Reads Debian's control format: stanzas of `Field: value` with continuation lines. Pure; used by pkgrepo too."""

from __future__ import annotations

from collections.abc import Iterator


def stanzas(text: str, *, comments: bool = False) -> Iterator[dict[str, str]]:
    """Yield each stanza by field as spelled; a value's further lines are joined by newlines, unindented.

    With `comments` a line that begins with `#` is left out, as apt does in its .sources files.
    """
    current: dict[str, str] = {}
    field = ""
    for line in text.splitlines():
        if comments and line.startswith("#"):
            continue
        if not line.strip():
            if current:
                yield current
            current, field = {}, ""
        elif line[0] in " \t":
            if field:
                current[field] += f"\n{line[1:].rstrip()}"
        else:
            name, colon, value = line.partition(":")
            field = name.strip() if colon else ""
            if field:
                current[field] = value.strip()
    if current:
        yield current


def folded(value: str) -> list[str]:
    """Return the words of a value, wherever its lines break."""
    return value.split()
