"""`file.blockreplace`: the text between two marker lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from modules.context import Context
from modules.file.content import newline_of, split_lines
from modules.file.edit import Manner, edit
from modules.file.pattern import compiled
from modules.file.place import absolute, shown
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockOptions:
    """What to do with the block. Spellings are Salt's."""

    append_if_not_found: bool = False
    prepend_if_not_found: bool = False
    insert_before_match: str | None = None
    insert_after_match: str | None = None
    backup: bool | str = True  # in the minion's cache; a suffix such as .bak: beside the file
    dry_run: bool = False
    show_changes: bool = True


_DEFAULTS: Final = BlockOptions()


@function(replay="safe")
def blockreplace(
    ctx: Context,
    path: str,
    marker_start: str = "#-- start managed zone --",
    marker_end: str = "#-- end managed zone --",
    content: str = "",
    options: BlockOptions = _DEFAULTS,
) -> str | bool:
    """Replace what is between two marker lines and return the difference, or whether something changed.

    A marker is found anywhere in its line. Markers that come twice, or one without the other, are refused: Salt
    then guesses. The end marker always stands on a line of its own. Without markers in the file the block is
    added where `append_if_not_found`, `prepend_if_not_found`, `insert_before_match` or `insert_after_match` say,
    else that is an error. Follows links.

    CLI Example:

        shoal '*' file.blockreplace /etc/hosts content='10.0.0.1 box' append_if_not_found=true
        shoal '*' file.blockreplace /etc/hosts '# start' '# end' '10.0.0.1 box'
    """
    place = absolute(path)
    change = block_change(shown(place), (marker_start, marker_end), content, options)
    manner = Manner(backup=options.backup, dry_run=options.dry_run)
    return edit(ctx, place, change, manner).told(show_changes=options.show_changes)


def block_change(
    name: str, markers: tuple[str, str], content: str, options: BlockOptions
) -> Callable[[str], str]:
    """Return what makes of the text of a file, shown as `name`, the text with the block. Raises ArgumentError.

    What it returns raises ModuleError for markers that are not there, or not as they should be.
    """
    _check(markers, content, options)

    def change(text: str) -> str:
        lines, end = split_lines(text), newline_of(text)
        found = _markers(lines, markers, name)
        inner = _block(content, end)
        if found:
            start, stop = found
            return "".join([*lines[: start + 1], *inner, *lines[stop:]])
        block = [markers[0] + end, *inner, markers[1] + end]
        at = _place_for_new(lines, options, name)
        if at and not lines[at - 1].endswith("\n"):
            lines[at - 1] += end
        return "".join([*lines[:at], *block, *lines[at:]])

    return change


def _check(markers: tuple[str, str], content: str, options: BlockOptions) -> None:
    for marker in markers:
        if not marker.strip() or "\n" in marker:
            raise ArgumentError("a marker is a text on one line")
        if marker in content:
            raise ArgumentError(f"the content must not have the marker {shown(marker)} in it")
    ways = (options.append_if_not_found, options.prepend_if_not_found)
    if sum(map(bool, (*ways, options.insert_before_match, options.insert_after_match))) > 1:
        raise ArgumentError("only one place for a new block can be given")


def _markers(lines: list[str], markers: tuple[str, str], path: str) -> tuple[int, int] | None:
    """Return the lines of the two markers, or None if there is neither. Raises ModuleError."""
    starts = [at for at, line in enumerate(lines) if markers[0] in line]
    ends = [at for at, line in enumerate(lines) if markers[1] in line]
    if not starts and not ends:
        return None
    if len(starts) != 1 or len(ends) != 1 or starts[0] >= ends[0]:
        raise ModuleError(
            f"{path}: the start marker is in {len(starts)} lines and the end marker in {len(ends)}; "
            "there must be one start and then one end"
        )
    return starts[0], ends[0]


def _block(content: str, end: str) -> list[str]:
    if not content:
        return []
    lines = content.replace("\r\n", "\n").removesuffix("\n").split("\n")
    return [line + end for line in lines]


def _place_for_new(lines: list[str], options: BlockOptions, path: str) -> int:
    if options.prepend_if_not_found:
        return 0
    if options.append_if_not_found:
        return len(lines)
    wanted = options.insert_before_match or options.insert_after_match
    if not wanted:
        raise ModuleError(f"{path} does not have the markers; say where a new block is to go")
    find = compiled(wanted).search
    for at, line in enumerate(lines):
        if find(line.rstrip("\r\n")):
            return at if options.insert_before_match else at + 1
    raise ModuleError(f"{path} has no line that matches {shown(wanted)}")
