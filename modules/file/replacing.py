"""`file.replace`: a regular expression over the text of a file."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from modules.context import Context
from modules.file.content import newline_of
from modules.file.edit import Manner, edit
from modules.file.pattern import compiled, flags_of
from modules.file.place import absolute, is_there
from modules.file.reading import search
from shoal.errors import ArgumentError
from shoal.functions.function import function


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceOptions:
    """How to replace. Spellings are Salt's."""

    count: int = 0  # how many at most; 0 = all
    flags: int | str | list[str] = 8  # Python's, MULTILINE by default
    append_if_not_found: bool = False
    prepend_if_not_found: bool = False
    not_found_content: str | None = None  # instead of `repl`
    backup: bool | str = True  # in the minion's cache; a suffix such as .bak: beside the file
    dry_run: bool = False
    search_only: bool = False
    show_changes: bool = True
    ignore_if_missing: bool = False
    backslash_literal: bool = False  # a backslash in `repl` is one


_DEFAULTS: Final = ReplaceOptions()


@function
def replace(
    ctx: Context, path: str, pattern: str, repl: str, options: ReplaceOptions = _DEFAULTS
) -> str | bool:
    r"""Replace what matches a regular expression and return the difference, or whether something changed.

    The expression sees the whole text (16 MiB at most), `^` and `$` every line. What was there is kept in the
    minion's cache: Salt's `.bak` beside the file would be read as configuration in many folders. When nothing
    matches and content is to be added, it is added only if that line is not there yet. Follows links.

    CLI Example:

        shoal '*' file.replace /etc/ssh/sshd_config '^#?PermitRootLogin.*' 'PermitRootLogin no'
        shoal '*' file.replace /etc/motd old new dry_run=true
    """
    change = replace_change(pattern, repl, options)
    place = absolute(path)
    if options.search_only:
        return search(ctx, path, pattern, options.flags, options.ignore_if_missing)
    if options.ignore_if_missing and not is_there(place):
        return "" if options.show_changes else False
    manner = Manner(backup=options.backup, dry_run=options.dry_run)
    return edit(ctx, place, change, manner).told(show_changes=options.show_changes)


def replace_change(pattern: str, repl: str, options: ReplaceOptions) -> Callable[[str], str]:
    """Return what makes of a text the text with everything replaced. Raises ArgumentError, as that does."""
    if options.append_if_not_found and options.prepend_if_not_found:
        raise ArgumentError("only one of append_if_not_found and prepend_if_not_found can be given")
    regex = compiled(pattern, flags_of(options.flags))
    new: Any = (lambda _match: repl) if options.backslash_literal else repl

    def change(text: str) -> str:
        try:
            after, found = regex.subn(new, text, count=max(0, options.count))
        except (re.error, IndexError) as error:
            raise ArgumentError(f"repl cannot be used: {error}") from None
        return after if found else _with_missing(text, repl, options)

    return change


def _with_missing(text: str, repl: str, options: ReplaceOptions) -> str:
    if not (options.append_if_not_found or options.prepend_if_not_found):
        return text
    content = repl if options.not_found_content is None else options.not_found_content
    end = newline_of(text)
    content = content.removesuffix("\n")
    if f"\n{content}\n" in f"\n{text}\n".replace("\r\n", "\n"):
        return text
    if options.prepend_if_not_found:
        return content + end + text
    gap = end if text and not text.endswith("\n") else ""
    return text + gap + content + end
