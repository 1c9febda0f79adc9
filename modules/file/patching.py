"""`file.patch`: a unified difference, applied by the system's `patch`.

A file is patched as a copy in a private folder and put in place at once; a folder only after a dry run that fits.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Final

from modules import shell
from modules.context import Context
from modules.file.content import read_text, snapshot, to_bytes, to_text
from modules.file.edit import Manner, edit
from modules.file.place import absolute, explained, shown
from modules.result import Result
from modules.scratch import scratch_folder
from shoal.errors import ArgumentError, ModuleError, UnavailableError
from shoal.functions.function import function

_OPTION: Final = re.compile(
    r"-p\d{1,3}|--strip=\d{1,3}|-R|--reverse|-l|--ignore-whitespace|-F\d{1,3}|--fuzz=\d{1,3}"
)
_HUNK: Final = re.compile(r"^@@ -\d+(,\d+)? \+\d+(,\d+)? @@", re.MULTILINE)


@function
def patch(
    ctx: Context,
    originalfile: str,
    patchfile: str,
    options: str = "",
    dry_run: bool = False,
    backup: bool | str = True,
) -> Result:
    """Apply a unified difference to a file or folder and return `pid`, `retcode`, `stdout` and `stderr` of patch.

    One that does not fit as a whole, or is applied already, changes nothing. `options` are -pN, -R, -l and -FN.
    Of a file the old content is kept as by `file.replace`. In a folder patch itself leaves NAME.orig of a file that
    it had to look around in.

    CLI Example:

        shoal '*' file.patch /etc/motd /srv/upload/motd.patch
        shoal '*' file.patch /opt/app /srv/upload/app.patch options=-p1 dry_run=true
    """
    place, source, words = absolute(originalfile), absolute(patchfile), options.split()
    for word in words:
        if not _OPTION.fullmatch(word):
            raise ArgumentError(
                f"{shown(word)} is not an option for patch here; there are -pN, -R, -l and -FN"
            )
    if not shell.which("patch"):
        raise UnavailableError("file.patch", "there is no program patch")
    text = read_text(source)
    if not _HUNK.search(text):
        raise ModuleError(f"{shown(source)} is not a unified difference")  # patch would run an ed script, too
    if os.path.isdir(place):  # noqa: PTH112  never raises
        return _patch_folder(place, words, text, dry_run=dry_run)
    return _patch_file(ctx, place, words, text, Manner(backup=backup, dry_run=dry_run))


def _patch_file(ctx: Context, place: Path, words: list[str], text: str, manner: Manner) -> Result:
    done: list[shell.Completed] = []

    def change(before: str) -> str:
        with scratch_folder("patch") as folder, explained(place, "patched"):
            copy = Path(folder) / "content"
            copy.write_bytes(to_bytes(before))
            done.append(_run([*words, str(copy)], text))
            return before if done[-1].retcode else to_text(snapshot(copy).data)

    edit(ctx, place, change, manner)
    return _result(done[-1])


def _patch_folder(place: Path, words: list[str], text: str, *, dry_run: bool) -> Result:
    words = [*words, "-d", str(place)]
    tried = _run(["--dry-run", *words], text)
    return _result(tried if dry_run or tried.retcode else _run(words, text))


def _run(words: list[str], text: str) -> shell.Completed:
    argv = ["patch", "-u", "-N", "-f", *words]
    return shell.run(shell.Command(argv=argv, stdin=to_bytes(text), env={"LC_ALL": "C"}))


def _result(done: shell.Completed) -> Result:
    value: dict[str, Any] = {
        "pid": done.pid,
        "retcode": done.retcode,
        "stdout": done.stdout,
        "stderr": done.stderr,
    }
    return Result(value, retcode=done.retcode, trimmed=done.cut)
