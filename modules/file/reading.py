"""Reads content: the whole, a part, or whether something is in it. All follow links and change nothing."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

from modules import shell
from modules.context import Context
from modules.file.content import (
    RETURN_BYTES,
    chunks,
    for_people,
    lines_in,
    read_some,
    read_text,
    snapshot,
    to_bytes,
    to_text,
)
from modules.file.difference import unified
from modules.file.pattern import compiled, flags_of
from modules.file.place import absolute, explained, is_there, kind_of, shown, status_of
from modules.result import Result
from shoal.errors import ArgumentError, ModuleError, UnavailableError
from shoal.functions.function import function


@function(replay="safe")
def read(ctx: Context, path: str, binary: bool = False, max_bytes: int = RETURN_BYTES) -> Result:
    r"""Return the content of a file, at most `max_bytes` of it.

    A byte that is not UTF-8 is shown as `\xff`; with `binary` the content comes as base64, byte for byte. How
    much was left out is in the return. A minion's `output_max_bytes` may cut more.

    CLI Example:

        shoal '*' file.read /etc/os-release
        shoal '*' file.read /etc/os-release binary=true max_bytes=100
    """
    return _part(path, max_bytes, 0, binary=binary)


@function(replay="safe")
def seek_read(ctx: Context, path: str, size: int, offset: int, binary: bool = False) -> Result:
    """Return `size` bytes of a file from `offset` on, in the forms of `file.read`.

    CLI Example:

        shoal '*' file.seek_read /etc/os-release 10 0
    """
    return _part(path, size, offset, binary=binary, tell_rest=False)


@function(replay="safe")
def contains(ctx: Context, path: str, text: str) -> bool:
    """Say whether the text, as it stands and white space around it apart, is in the file, whatever its size.

    CLI Example:

        shoal '*' file.contains /etc/passwd root
    """
    wanted = to_bytes(text.strip())
    if not is_there(absolute(path)):
        return False
    tail = b""
    for chunk in chunks(absolute(path)):
        if wanted in tail + chunk:
            return True
        tail = (tail + chunk)[-len(wanted) :]
    return not wanted


@function(replay="safe")
def contains_regex(ctx: Context, path: str, regex: str, lchar: str = "") -> bool:
    """Say whether a line matches the regular expression; `lchar` are characters to strip from its left first.

    CLI Example:

        shoal '*' file.contains_regex /etc/passwd '^root:'
    """
    find = compiled(regex).search
    return any(find(line.lstrip(lchar) if lchar else line) for line in _lines_if_any(path))


@function(replay="safe")
def contains_glob(ctx: Context, path: str, glob_expr: str) -> bool:
    """Say whether a whole line matches the glob.

    CLI Example:

        shoal '*' file.contains_glob /etc/passwd 'root:*'
    """
    import fnmatch

    match = re.compile(fnmatch.translate(glob_expr)).match
    return any(match(line) for line in _lines_if_any(path))


@function(replay="safe")
def search(
    ctx: Context,
    path: str,
    pattern: str,
    flags: int | str | list[str] = 8,
    ignore_if_missing: bool = False,
    multiline: bool = False,
) -> bool:
    """Say whether the regular expression is found in the text of the file (16 MiB at most).

    `flags` are Python's: a number or names such as `[IGNORECASE, MULTILINE]`. `multiline` lets `.` match a newline.

    CLI Example:

        shoal '*' file.search /etc/passwd '^root:'
    """
    place = absolute(path)
    found = compiled(pattern, flags_of(flags) | (re.DOTALL | re.MULTILINE if multiline else 0))
    if ignore_if_missing and not is_there(place):
        return False
    return found.search(read_text(place)) is not None


@function(replay="safe")
def grep(ctx: Context, path: str, pattern: str, *opts: str) -> dict[str, object]:
    """Run the system's grep and return its `pid`, `retcode`, `stdout` and `stderr`.

    `path` may be a glob. Each option is an argument of its own, as `-i` or `-A3`. No shell reads any of it.

    CLI Example:

        shoal '*' file.grep /etc/passwd root
        shoal '*' file.grep /etc/passwd ROOT -- -i -c
    """
    if not shell.which("grep"):
        raise UnavailableError("file.grep", "there is no program grep")
    for option in opts:
        if not option.startswith("-") or option in ("-", "--"):
            raise ArgumentError(
                f"{shown(option)} is not an option of grep; each begins with - and has its value with it"
            )
    places = _places(path)
    for place in places:
        if kind_of(status_of(place).st_mode) not in ("file", "dir"):
            raise ModuleError(f"{shown(place)} is neither a file nor a folder; grep could wait there forever")
    argv = ["grep", *opts, "-e", pattern, "--", *map(str, places)]
    done = shell.run(shell.Command(argv=argv, env={"LC_ALL": "C.UTF-8"}))
    return {"pid": done.pid, "retcode": done.retcode, "stdout": done.stdout, "stderr": done.stderr}


@function(replay="safe", aliases=("file.get_diff",))
def diff(ctx: Context, file1: str, file2: str) -> str:
    """Return the unified difference of two files on the box, 16 MiB each at most; nothing if they are the same.

    CLI Example:

        shoal '*' file.diff /etc/passwd /etc/passwd
    """
    one, other = absolute(file1), absolute(file2)
    with explained(one, "read"):
        old = snapshot(one).data
    with explained(other, "read"):
        new = snapshot(other).data
    if old == new:
        return ""
    if b"\0" in old or b"\0" in new:
        return f"Binary files {shown(one)} and {shown(other)} differ\n"
    return unified(to_text(old), to_text(new), shown(one), shown(other))


def _part(path: str, size: int, offset: int, *, binary: bool, tell_rest: bool = True) -> Result:
    data, more = read_some(absolute(path), size, offset)
    text = base64.b64encode(data).decode() if binary else for_people(to_text(data))
    return Result(text, trimmed=more if tell_rest else 0)


def _lines_if_any(path: str) -> Iterator[str]:
    place = absolute(path)
    return lines_in(place) if is_there(place) else iter(())


def _places(path: str) -> list[Path]:
    import glob

    place = absolute(path)
    if is_there(place):
        return [place]
    return [Path(each) for each in sorted(glob.glob(str(place)))] or [place]  # noqa: PTH207
