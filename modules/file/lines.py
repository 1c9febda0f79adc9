"""`file.line`: one line of a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from modules.context import Context
from modules.file.content import newline_of, split_lines
from modules.file.edit import Manner, edit
from modules.file.line_modes import MODES, Wish
from modules.file.place import absolute, is_there, shown
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function


@dataclass(frozen=True, slots=True, kw_only=True)
class LineOptions:
    """Where the line goes and how. Spellings are Salt's."""

    location: Literal["start", "end"] | None = None
    before: str | None = None  # regular expression of the line that follows
    after: str | None = None  # regular expression of the line that comes first
    show_changes: bool = True
    backup: bool | str = False  # true: in the minion's cache; a suffix such as .bak: beside the file
    quiet: bool = False  # a file that is not there is no error
    indent: bool = True  # like the line beside it, or that it replaces


_DEFAULTS: Final = LineOptions()


@function
def line(
    ctx: Context,
    path: str,
    content: str | None = None,
    match: str | None = None,
    mode: Literal["ensure", "replace", "insert", "delete"] | None = None,
    options: LineOptions = _DEFAULTS,
) -> str | bool:
    """Ensure, replace, insert or delete a line; return the difference, False if nothing changed.

    `replace` and `delete` take every line that matches the expression; without `match` those that are the same
    as `content` but for white space around (Salt takes `content` for an expression there). `insert` and
    `ensure` want `before` and `after` to match one line each. Follows links.

    CLI Example:

        shoal '*' file.line /etc/nsswitch.conf 'networks:  files dns' after='^hosts:' mode=ensure
        shoal '*' file.line /etc/fstab match='/mnt/old' mode=delete
    """
    change = line_change(content, match, mode, options)
    place = absolute(path)
    if not os.path.isfile(place):  # noqa: PTH113  never raises
        if options.quiet and not is_there(place):
            return False
        raise ModuleError(f"{shown(place)} is not there or not a regular file")
    done = edit(ctx, place, change, Manner(backup=options.backup))
    return done.told(show_changes=options.show_changes) or False


def line_change(
    content: str | None, match: str | None, mode: str | None, options: LineOptions
) -> Callable[[str], str]:
    """Return what makes of a text the text with, or without, the line. Raises ArgumentError, ModuleError."""
    if mode is None:
        raise ArgumentError("say what to do with the line: mode=ensure, replace, insert or delete")
    if mode != "delete" and content is None:
        raise ArgumentError(f"mode {mode} needs content, the line to be")
    text_of_line = (content or "").removesuffix("\n")
    if "\n" in text_of_line:
        raise ArgumentError("content must be one line")

    def change(text: str) -> str:
        wish = Wish(
            content=text_of_line,
            match=match or "",
            location=options.location or "",
            before=options.before or "",
            after=options.after or "",
            indent=options.indent,
            end=newline_of(text),
        )
        return "".join(MODES[mode](split_lines(text), wish))

    return change
