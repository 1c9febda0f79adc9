"""The four ways in which `file.line` changes a list of lines. Pure; raises only ModuleError and ArgumentError.

Lines come with their newlines. A line is the same as another if both are when stripped of white space around.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from modules.file.pattern import compiled
from modules.file.place import shown
from shoal.errors import ArgumentError, ModuleError


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is wanted of the lines."""

    content: str = ""  # without a newline
    match: str = ""  # regular expression; "" = the lines that are the same as `content`
    location: str = ""
    before: str = ""
    after: str = ""
    indent: bool = True
    end: str = "\n"


def delete(lines: list[str], wish: Wish) -> list[str]:
    """Return the lines without those that match."""
    wanted = _matcher(wish)
    return [line for line in lines if not wanted(line)]


def replace(lines: list[str], wish: Wish) -> list[str]:
    """Return the lines with the content in place of each that matches."""
    wanted = _matcher(wish)
    return [
        _indented(line, wish, unended=not line.endswith("\n")) if wanted(line) else line for line in lines
    ]


def insert(lines: list[str], wish: Wish) -> list[str]:
    """Return the lines with the content at its place, unless it stands there already."""
    if wish.before or wish.after:
        return ensure(lines, wish, between=False)
    if wish.location == "start":
        return lines if lines and _same(lines[0], wish) else _put(lines, 0, "", wish)
    if wish.location == "end":
        return lines if lines and _same(lines[-1], wish) else _put(lines, len(lines), "", wish)
    raise ArgumentError("mode insert needs before, after, or location start or end")


def ensure(lines: list[str], wish: Wish, *, between: bool = True) -> list[str]:
    """Return the lines with the content right before or after the one that is named.

    With both named and `between` the one line between them, if there is one, is replaced by the content.
    """
    if not (wish.before or wish.after):
        raise ArgumentError("mode ensure needs before or after: where the line has to be")
    after = _only(lines, wish.after, "after") if wish.after else -1
    before = _only(lines, wish.before, "before") if wish.before else -1
    if wish.before and wish.after:
        return _between(lines, after, before, wish, replace_one=between)
    if wish.after:
        there = after + 1 < len(lines) and _same(lines[after + 1], wish)
        return lines if there else _put(lines, after + 1, lines[after], wish)
    there = before > 0 and _same(lines[before - 1], wish)
    return lines if there else _put(lines, before, lines[before], wish)


MODES: dict[str, Callable[[list[str], Wish], list[str]]] = {
    "delete": delete,
    "replace": replace,
    "insert": insert,
    "ensure": ensure,
}


def _between(lines: list[str], after: int, before: int, wish: Wish, *, replace_one: bool) -> list[str]:
    if after >= before:
        raise ModuleError(
            f"the line that matches {shown(wish.after)} does not come before that of {shown(wish.before)}"
        )
    inside = lines[after + 1 : before]
    if any(_same(line, wish) for line in inside):
        return lines
    if not inside or not replace_one:
        return _put(lines, before, lines[after], wish)
    if len(inside) > 1:
        raise ModuleError(
            f"{len(inside)} lines stand between those that match {shown(wish.after)} and {shown(wish.before)}; "
            "one can be replaced"
        )
    return [*lines[: after + 1], _indented(inside[0], wish), *lines[before:]]


def _only(lines: list[str], pattern: str, name: str) -> int:
    find = compiled(pattern).search
    found = [at for at, line in enumerate(lines) if find(line.rstrip("\r\n"))]
    if len(found) != 1:
        raise ModuleError(f"{len(found)} lines match {name} {shown(pattern)}; it must be one")
    return found[0]


def _matcher(wish: Wish) -> Callable[[str], bool]:
    if not wish.match and not wish.content.strip():
        raise ArgumentError("say which lines: match is a regular expression, content a whole line")
    if not wish.match:
        return lambda line: _same(line, wish)
    regex: re.Pattern[str] = compiled(wish.match)
    return lambda line: regex.search(line.rstrip("\r\n")) is not None


def _same(line: str, wish: Wish) -> bool:
    return line.strip() == wish.content.strip()


def _put(lines: list[str], at: int, like: str, wish: Wish) -> list[str]:
    before = lines[:at]
    if before and not before[-1].endswith("\n"):
        before[-1] += wish.end
    return [*before, _indented(like, wish), *lines[at:]]


def _indented(like: str, wish: Wish, *, unended: bool = False) -> str:
    """Return the content as a line, indented like another one."""
    end = "" if unended else wish.end
    if not wish.indent:
        return wish.content + end
    body = like.rstrip("\r\n")
    margin = body[: len(body) - len(body.lstrip())]
    return (margin + wish.content.lstrip() if margin else wish.content) + end
