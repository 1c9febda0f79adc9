"""A file of sysctl.d as text: `name = value` a line, `#` and `;` begin a comment, `-` before a name forgives errors."""

from __future__ import annotations

from modules.sysctl.key import dotted, parts
from modules.text_file import lines_of, text_of
from shoal.errors import ArgumentError


def settings(text: str) -> dict[str, str]:
    """Return the values by dotted name; of a name that is there twice the last one counts."""
    found: dict[str, str] = {}
    for line in lines_of(text):
        if setting := _setting(line):
            found[dotted(setting[0])] = setting[1]
    return found


def put(text: str, name: str, value: str) -> str:
    """Return the text with this value in the last line that sets `name`, or in a new one; earlier ones go."""
    wanted = parts(name)
    lines = lines_of(text)
    places = [i for i, line in enumerate(lines) if (setting := _setting(line)) and setting[0] == wanted]
    if places and same(_value(lines[places[-1]]), value) and len(places) == 1:
        return text
    new = f"{dotted(wanted)} = {value}"
    if places:
        lines[places[-1]] = new
    else:
        lines.append(new)
    return text_of(line for i, line in enumerate(lines) if i not in places[:-1])


def same(one: str, other: str) -> bool:
    """Say whether two values are equal, however their words are spaced."""
    return one.split() == other.split()


def _value(line: str) -> str:
    return line.partition("=")[2].strip()


def _setting(line: str) -> tuple[tuple[str, ...], str] | None:
    name, sign, value = line.strip().partition("=")
    if not sign or name.startswith(("#", ";")):
        return None
    try:
        return parts(name.strip().removeprefix("-")), value.strip()
    except ArgumentError:  # a pattern with `*`, or nothing that is a name
        return None
