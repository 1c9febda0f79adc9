"""`file.append` and `file.prepend`: lines at an end of a file, unless it has them already."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from modules.context import Context
from modules.file.content import newline_of
from shoal.errors import ModuleError
from states.declare import state
from states.file.diffs import HIDDEN, spaced_diff, text_diff
from states.file.edits import Telling, TextSources, edited, folders_for, read, text_of
from states.file.paths import Now
from states.plan import Plan, Step, unchanged

_NO_SOURCES: Final = TextSources()
Text = str | int | float | list[Any] | None


@state
def append(
    ctx: Context,
    name: str,
    text: Text = None,
    makedirs: bool = False,
    ignore_whitespace: bool = True,
    show_changes: bool = True,
    sources: TextSources = _NO_SOURCES,
) -> Plan:
    """Keep lines in a file, which is made if it is not there; what is missing is added at its end.

    A text of several lines is looked for as a whole. White space between words may differ unless
    `ignore_whitespace` is false.

    Example:

        /etc/hosts.allow:
          file.append:
            - text:
              - 'sshd: 10.0.0.0/8'
              - 'app: ALL'
    """
    now = read(ctx, name, create=True)
    before = text_of(now)
    end = newline_of(before)
    after, count = before, 0
    for chunk in _chunks(ctx, text, sources):
        if not _has(after, chunk, ignore_whitespace=ignore_whitespace):
            gap = end if after and not after.endswith("\n") else ""
            lines = chunk.split("\n")
            after += gap + "".join(line + end for line in lines)
            count += len(lines)
    if not count:
        return unchanged(f"File {name} is in correct state")
    diff = spaced_diff(before, after) if show_changes else HIDDEN
    return _plan(
        name, now, after, (f"Appended {count} lines", diff), folders_for(now.path, makedirs=makedirs)
    )


@state
def prepend(
    ctx: Context,
    name: str,
    text: Text = None,
    makedirs: bool = False,
    header: bool = False,
    show_changes: bool = True,
    sources: TextSources = _NO_SOURCES,
) -> Plan:
    """Keep lines in a file, which is made if it is not there; what is missing is added at its beginning.

    With `header` the lines must be the first ones.

    Example:

        /etc/motd:
          file.prepend:
            - text: This box is managed.
            - header: true
    """
    now = read(ctx, name, create=True)
    before = text_of(now)
    end = newline_of(before)
    chunks = _chunks(ctx, text, sources)
    if not header:
        chunks = [chunk for chunk in chunks if not _has(before, chunk, ignore_whitespace=True)]
    lines = [line for chunk in chunks for line in chunk.split("\n")]
    head = "".join(line + end for line in lines)
    if not lines or (header and before.startswith(head)):
        return unchanged(f"File {name} is in correct state")
    after = head + before
    diff = text_diff(before, after) if show_changes else HIDDEN
    told = f"Prepended {len(lines)} lines"
    return _plan(name, now, after, (told, diff), folders_for(now.path, makedirs=makedirs))


def _plan(name: str, now: Now, after: str, told: tuple[str, str], folders: Sequence[Step]) -> Plan:
    did, diff = told
    if now.there:
        telling = Telling(did=did, would=f"File {name} is set to be updated", changes={"diff": diff})
    else:
        would = f"File {name} is set to be created"
        telling = Telling(did=did, would=would, changes={"diff": diff}, predicted={"new": name})
    return edited(now, after, telling, before=folders)


def _chunks(ctx: Context, text: Text, sources: TextSources) -> list[str]:
    """Return the texts, without a newline at their ends. Raises ModuleError."""
    given = sources.texts(ctx)
    if text is None and not given:
        raise ModuleError("text, source or sources: one must be given")
    if text is not None and given:
        raise ModuleError("text cannot be given together with source or sources")
    parts = text if isinstance(text, list) else [text] if text is not None else given
    return [str(each).replace("\r\n", "\n").removesuffix("\n") for each in parts]


def _has(text: str, chunk: str, *, ignore_whitespace: bool) -> bool:
    if ignore_whitespace:
        words = r"\s+".join(map(re.escape, chunk.split()))
        pattern = rf"^[ \t]*{words}[ \t]*\r?$"
    else:
        pattern = rf"^{re.escape(chunk)}\r?$"
    return re.search(pattern, text, re.MULTILINE) is not None
