"""`cp.recv`: the box's end of `shoal-cp`. The master has the files, the job names the list of them by its digest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from modules.context import Context
from modules.cp.files import Where, bring
from modules.file.place import absolute, shown
from modules.placing import make_folder
from shoal.errors import ArgumentError, ModuleError, WireError
from shoal.files.digest import Digest
from shoal.files.messages import DIGEST_BYTES, FileInfo
from shoal.files.parcel import MAX_PARCEL_BYTES, read_parcel
from shoal.functions.function import function

_TRIES: Final = 2  # for a content that is damaged in the box's cache
_GONE: Final = "the files are not on the master any more; run shoal-cp again"


@function(replay="safe")
def recv(ctx: Context, files: str, size: int, dest: str) -> dict[str, bool]:
    """Put files in their place that `shoal-cp` has brought to the master; not made to be called by hand.

    `files` and `size` are digest and size of their list. One file becomes `dest`, or goes into it if that is a
    folder; several need a folder, which is made when `dest` ends with `/`. Returns the files' paths.

    CLI Example:

        shoal '*' cp.recv 0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8 120 /srv/www/
    """
    target = absolute(dest)
    if ".." in target.parts:  # a rule of publisher_acl looks at the text
        raise ArgumentError(f"{shown(dest)} has '..' in it; give the path as it is")
    infos = _list(ctx, files, size)
    wanted = [(info, _where(info, target, dest, alone=len(infos) == 1)) for info in infos]
    contents = [(info, where) for info, where in wanted if not info.is_dir]
    makedirs = dest.endswith("/")
    for _ in range(_TRIES):
        if bring(ctx, contents, makedirs=makedirs):
            break
    else:
        raise ModuleError(_GONE)
    for info, where in wanted:
        if info.is_dir:
            make_folder(where.folder, where.below)
    return {str(where.folder / where.below): True for _, where in contents}


def _list(ctx: Context, files: str, size: int) -> tuple[FileInfo, ...]:
    """Return what is to be brought. Raises ModuleError."""
    try:
        digest = bytes.fromhex(files)
    except ValueError:
        digest = b""
    if len(digest) != DIGEST_BYTES or not 0 < size <= MAX_PARCEL_BYTES:
        raise ArgumentError("cp.recv is what shoal-cp sends; use that program on the master")
    info = FileInfo(name="list", digest=digest, size=size)
    for _ in range(_TRIES):
        try:
            data = ctx.files.fetch([info])[0].read_bytes()
        except ModuleError as error:
            raise ModuleError(_GONE if "changed" in str(error) else str(error)) from None
        if Digest(data).final() == digest:
            try:
                # What comes from another user must not begin to speak for root.
                return tuple(replace(info, mode=info.mode & 0o777) for info in read_parcel(data))
            except WireError as error:
                raise ModuleError(f"the list of files cannot be read: {error}") from None
        ctx.files.drop(info)
    raise ModuleError(_GONE)


def _where(info: FileInfo, target: Path, dest: str, *, alone: bool) -> Where:
    if dest.endswith("/") or target.is_dir():
        return Where(target, info.name)
    if alone and not info.is_dir and "/" not in info.name:
        return Where(target.parent, target.name)
    raise ModuleError(
        f"{shown(target)} is no folder; several files need one: end it with / and it will be made"
    )
