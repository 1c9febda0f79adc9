"""Comments lines out and in again."""

from __future__ import annotations

import re
from collections.abc import Callable

from modules.context import Context
from modules.file.content import split_lines
from modules.file.edit import Manner, edit
from modules.file.pattern import compiled
from modules.file.place import absolute
from shoal.errors import ArgumentError
from shoal.functions.function import function


@function
def comment(ctx: Context, path: str, regex: str, char: str = "#", backup: bool | str = True) -> str | bool:
    """Put `char` before each line that matches from its beginning; return the difference, False if none did.

    A line that begins with `char` already is left alone. What was there is kept as by `file.replace`.

    CLI Example:

        shoal '*' file.comment /etc/modules pcspkr
    """
    change = comment_change(regex, char)
    return edit(ctx, absolute(path), change, Manner(backup=backup)).told(show_changes=True) or False


@function
def uncomment(ctx: Context, path: str, regex: str, char: str = "#", backup: bool | str = True) -> str | bool:
    """Take `char` from each line whose rest matches; return the difference, False if none did.

    One space after `char` goes too when a word follows it. Other white space stays: Salt takes all of it, and with
    it the indentation of a line that it commented itself.

    CLI Example:

        shoal '*' file.uncomment /etc/modules 'pcspkr'
    """
    change = uncomment_change(regex, char)
    return edit(ctx, absolute(path), change, Manner(backup=backup)).told(show_changes=True) or False


def comment_change(regex: str, char: str) -> Callable[[str], str]:
    """Return what makes of a text the text with the lines commented out. Raises ArgumentError."""
    _check(char)
    match = compiled(regex).match

    def change(text: str) -> str:
        return "".join(
            char + line if match(line.rstrip("\r\n")) and not line.lstrip().startswith(char) else line
            for line in split_lines(text)
        )

    return change


def uncomment_change(regex: str, char: str) -> Callable[[str], str]:
    """Return what makes of a text the text with the lines commented in. Raises ArgumentError."""
    _check(char)
    match = compiled(regex.removeprefix("^")).match
    commented = re.compile(rf"(\s*){re.escape(char)}( (?=\S))?(.*)", re.DOTALL)

    def bare(line: str) -> str:
        found = commented.match(line)
        if found and (match(found[3].strip()) or match(found[3].rstrip("\r\n"))):
            return found[1] + found[3]
        return line

    def change(text: str) -> str:
        return "".join(map(bare, split_lines(text)))

    return change


def _check(char: str) -> None:
    if not char.strip() or "\n" in char:
        raise ArgumentError("char must be what begins a comment, e.g. #")
