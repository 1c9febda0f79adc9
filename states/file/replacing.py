"""`file.replace`, `file.line`, `file.comment`, `file.uncomment`: edits as the execution functions know them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from modules.context import Context
from modules.file import comments, lines, replacing
from modules.file.pattern import compiled
from modules.file.place import is_there
from shoal.errors import ModuleError
from states.declare import state
from states.file import perms as permissions
from states.file.diffs import text_diff
from states.file.edits import Telling, edited, read, text_of
from states.file.paths import Now, absolute_path
from states.file.perms import Mode
from states.plan import Plan, failed, unchanged

_NOTHING: Final = "No changes needed to be made"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceOptions:
    """How to replace. Spellings are Salt's."""

    count: int = 0  # how many at most; 0 = all. A state with a count never comes to rest
    flags: int | str | list[str] = 8  # Python's, MULTILINE by default
    append_if_not_found: bool = False
    prepend_if_not_found: bool = False
    not_found_content: str | None = None  # instead of `repl`
    backup: bool | str = False  # minion: in its cache; a suffix such as .bak: beside the file
    show_changes: bool = True
    ignore_if_missing: bool = False
    backslash_literal: bool = False  # a backslash in `repl` is one
    bufsize: int | str = 1  # the text is read as a whole
    encoding: str | None = None  # bytes that are not UTF-8 stay as they are


_REPLACE: Final = ReplaceOptions()


@state
def replace(ctx: Context, name: str, pattern: str, repl: str, options: ReplaceOptions = _REPLACE) -> Plan:
    """Keep a file in which nothing is left that a regular expression would replace by something else.

    The expression sees the whole text, `^` and `$` every line. What was there is kept for a rollback; Salt's `.bak`
    beside the file is written only when `backup: .bak` asks for it.

    Example:

        /etc/ssh/sshd_config:
          file.replace:
            - pattern: '^#?PermitRootLogin.*'
            - repl: PermitRootLogin no
            - append_if_not_found: true
    """
    if options.ignore_if_missing and not is_there(absolute_path(name)):
        return unchanged(_NOTHING)
    change = replacing.replace_change(
        pattern,
        repl,
        replacing.ReplaceOptions(
            count=options.count,
            flags=options.flags,
            append_if_not_found=options.append_if_not_found,
            prepend_if_not_found=options.prepend_if_not_found,
            not_found_content=options.not_found_content,
            backslash_literal=options.backslash_literal,
        ),
    )
    telling = _Told("Changes were made", "Changes would have been made", verify=not options.count)
    return _changed(read(ctx, name), change, telling, show=options.show_changes, backup=options.backup)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineOptions:
    """Where the line goes and how. Spellings are Salt's."""

    location: Literal["start", "end"] | None = None
    before: str | None = None  # regular expression of the line that follows
    after: str | None = None  # regular expression of the line that comes first
    show_changes: bool = True
    backup: bool | str = False
    quiet: bool = False  # a file that is not there is no error
    indent: bool = True  # like the line beside it, or that it replaces
    create: bool = False
    user: str | int | None = None
    group: str | int | None = None
    file_mode: Mode = None


_LINE: Final = LineOptions()


@state
def line(
    ctx: Context,
    name: str,
    content: str | None = None,
    match: str | None = None,
    mode: Literal["ensure", "replace", "insert", "delete"] | None = None,
    options: LineOptions = _LINE,
) -> Plan:
    """Keep, replace or delete a line of a file, as `file.line` of the execution modules does.

    A line that is there is not inserted again. With `create` the file is made, with `user`, `group` and `file_mode`.

    Example:

        /etc/nsswitch.conf:
          file.line:
            - content: 'networks: files dns'
            - mode: ensure
            - after: '^hosts:'
    """
    if mode is None:
        raise ModuleError("Mode was not defined. How to process the file?")
    now = read(ctx, name, create=options.create or options.quiet)
    if not now.there and not options.create:
        return unchanged(_NOTHING)
    change = lines.line_change(
        content,
        match,
        mode,
        lines.LineOptions(
            location=options.location, before=options.before, after=options.after, indent=options.indent
        ),
    )
    wanted = permissions.wanted(options.file_mode, options.user, options.group)
    after = change(text_of(now))
    if after == text_of(now) and now.there:
        return unchanged(_NOTHING)
    changes = {"diff": text_diff(text_of(now), after) if options.show_changes else True}
    telling = Telling(did="Changes were made", would="Changes would be made", changes=changes)
    return edited(now, after, telling, backup=options.backup, wanted=None if now.there else wanted)


@state
def comment(
    ctx: Context,
    name: str,
    regex: str,
    char: str = "#",
    backup: bool | str = False,
    ignore_missing: bool = False,
) -> Plan:
    """Keep lines commented out that match a regular expression from their beginning.

    Example:

        /etc/modules:
          file.comment:
            - regex: ^pcspkr
    """
    now = read(ctx, name)
    text, bare = text_of(now), regex.removeprefix("^")
    change = comments.comment_change(regex, char)
    if change(text) == text:
        if _found(rf"^[ \t]*{re.escape(char.strip())}[ \t]*{bare}", text):
            return unchanged("Pattern already commented")
        if ignore_missing:
            return unchanged("Pattern not found and ignore_missing set to True")
        return failed(f"{bare}: Pattern not found")
    telling = _Told("Commented lines successfully", f"File {name} is set to be updated", predicted=name)
    return _changed(now, change, telling, show=True, backup=backup)


@state
def uncomment(ctx: Context, name: str, regex: str, char: str = "#", backup: bool | str = False) -> Plan:
    """Keep lines commented in whose text, behind the comment's sign, matches a regular expression.

    Example:

        /etc/adduser.conf:
          file.uncomment:
            - regex: EXTRA_GROUPS
    """
    now = read(ctx, name)
    text, bare = text_of(now), regex.removeprefix("^")
    change = comments.uncomment_change(regex, char)
    if change(text) == text:
        if _found(rf"^[ \t]*{bare}", text):
            return unchanged("Pattern already uncommented")
        return failed(f"{bare}: Pattern not found")
    telling = _Told("Uncommented lines successfully", f"File {name} is set to be updated", predicted=name)
    return _changed(now, change, telling, show=True, backup=backup)


@dataclass(frozen=True, slots=True)
class _Told:
    did: str
    would: str
    predicted: str = ""  # a name: a test run only says that it would be updated
    verify: bool = True


def _changed(now: Now, change: Callable[[str], str], told: _Told, *, show: bool, backup: bool | str) -> Plan:
    before = text_of(now)
    after = change(before)
    if after == before:
        return unchanged(_NOTHING)
    telling = Telling(
        did=told.did,
        would=told.would,
        changes={"diff": text_diff(before, after) if show else True},
        predicted={told.predicted: "updated"} if told.predicted else None,
        verify=told.verify,
    )
    return edited(now, after, telling, backup=backup)


def _found(pattern: str, text: str) -> bool:
    return compiled(pattern, re.MULTILINE).search(text) is not None
