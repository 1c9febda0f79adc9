"""Packs and unpacks single files with gzip, in their place, as the program of that name does."""

from __future__ import annotations

import os
import stat
import zlib
from pathlib import Path
from typing import IO, Any, Final

from modules.archive.acting import acting_as
from modules.archive.limits import MAX_BYTES, MAX_RATIO, Limits, check_ratio
from modules.archive.packing import new_archive
from modules.archive.unpack import check_path
from modules.context import Context
from shoal.errors import ModuleError
from shoal.functions.function import function

_CHUNK: Final = 65536


@function
def gzip(ctx: Context, sourcefile: str, runas: str = "") -> list[str]:
    """Pack a file with gzip, put `FILE.gz` in its place and return that path; mode, owner and time stay.

    CLI Example:

        shoal '*' archive.gzip /var/log/old.log
    """
    check_path(sourcefile)
    if sourcefile.endswith(".gz"):
        raise ModuleError(f"{sourcefile} ends with .gz, so it is packed already")
    with acting_as(runas):
        return [_replace(sourcefile, f"{sourcefile}.gz", _pack)]


@function
def gunzip(
    ctx: Context, gzipfile: str, runas: str = "", max_bytes: int = MAX_BYTES, max_ratio: int = MAX_RATIO
) -> list[str]:
    """Unpack a gzip file, put it without `.gz` in its place and return that path; mode, owner and time stay.

    CLI Example:

        shoal '*' archive.gunzip /var/log/old.log.gz
    """
    check_path(gzipfile)
    target = gzipfile.removesuffix(".gz")
    if target == gzipfile or not Path(target).name:
        raise ModuleError(f"{gzipfile} does not end with .gz, so there is no name for its content")
    limits = Limits(max_bytes=max_bytes, max_ratio=max_ratio)
    with acting_as(runas):
        return [_replace(gzipfile, target, lambda source, to: _unpack(source, to, limits))]


def _replace(path: str, target: str, work: Any) -> str:
    if os.path.lexists(target):
        raise ModuleError(f"{target} is there already; remove it first")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ModuleError(f"{path} cannot be read: {error.strerror}") from None
    with os.fdopen(descriptor, "rb") as source:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ModuleError(f"{path} is no regular file")
        with new_archive(target) as made:
            work(source, made)
            made.flush()
            if os.geteuid() == 0:
                os.fchown(made.fileno(), status.st_uid, status.st_gid)
            os.fchmod(made.fileno(), stat.S_IMODE(status.st_mode) & 0o777)
            os.utime(made.fileno(), (status.st_atime, status.st_mtime))
    Path(path).unlink()
    return target


def _pack(source: IO[bytes], target: IO[bytes]) -> None:
    import gzip as gzips  # only for packing; the same below
    import shutil

    with gzips.GzipFile(filename="", fileobj=target, mode="wb") as packed:
        shutil.copyfileobj(source, packed, _CHUNK)


def _unpack(source: IO[bytes], target: IO[bytes], limits: Limits) -> None:
    import gzip as gzips

    packed_size, total = os.fstat(source.fileno()).st_size, 0
    try:
        with gzips.GzipFile(fileobj=source, mode="rb") as packed:
            while data := packed.read(_CHUNK):
                total += len(data)
                if total > limits.max_bytes:
                    raise ModuleError(
                        f"{source.name} unpacks to more than {limits.max_bytes} bytes; give a larger max_bytes"
                    )
                check_ratio(total, packed_size, limits)
                target.write(data)
    except (gzips.BadGzipFile, EOFError, zlib.error):
        raise ModuleError("the file is no gzip or is damaged") from None
