"""Opens an archive and reads its members, one kind of source for tar and one for zip.

`members()` says what is there and `contents()` says it again with each file's bytes; both count. Strangers'
exceptions become `ModuleError` here.
"""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, Protocol

from modules.archive import formats
from modules.archive.formats import Packing
from modules.archive.limits import Limits, Tally
from modules.archive.member import Kind, Member, shown
from modules.archive.stream import Forward, Readable, Xz, unzst
from shoal.errors import ModuleError

_MAX_TARGET: Final = 4096  # bytes of a link's target
_UNIX: Final = 3  # zip: who made the archive; only then are there modes
_ENCRYPTED: Final = 0x1
_ZIP_TAIL: Final = 65536 + 256  # the end of a zip: its comment and what stands before
_ZIP_ENTRY_BYTES: Final = 256  # of one member in the directory: 46 and its name
_DAMAGE: Final = (
    EOFError,
    OSError,
    ValueError,
    zlib.error,
    RecursionError,
    OverflowError,
    NotImplementedError,
)


class Source(Protocol):
    """An open archive."""

    packing: Packing

    def members(self) -> Iterator[Member]:
        """Yield all members in order, within the limits. Raises ModuleError."""

    def contents(self) -> Iterator[tuple[Member, Readable | None]]:
        """Yield all members in order, a file with its bytes, to be read before the next. Raises ModuleError."""


@contextmanager
def opened(path: str, limits: Limits, password: str = "", wanted: str = "") -> Iterator[Source]:
    """Open the archive `path`, a `wanted` one of "tar" or "zip" if not "". Raises ModuleError."""
    try:
        file = Path(path).open("rb")  # noqa: SIM115  closed by the next line; only the opening is translated
    except OSError as error:
        raise ModuleError(f"{path} cannot be read: {error.strerror}") from None
    with file, _translated(path):
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ModuleError(f"{path} is no regular file")
        packing = formats.recognise(file.read(formats.HEAD_BYTES), path)
        if wanted and wanted != ("zip" if packing == "zip" else "tar"):
            raise ModuleError(f"{path} is a {formats.full_name(packing)}, no {wanted}")
        tally = Tally(limits=limits, packed=os.fstat(file.fileno()).st_size)
        if packing == "zip":
            check_directory(file, limits)
            with _zip_file(file) as archive:
                yield ZipSource(archive, tally, password)
        elif packing == "zst":
            with unzst(path, limits) as plain:
                yield TarSource(plain, packing, tally)
        else:
            yield TarSource(file, packing, tally)


@contextmanager
def _translated(path: str) -> Iterator[None]:
    import lzma  # these three are loaded by the reading itself
    import tarfile
    import zipfile

    try:
        yield
    except (tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError, *_DAMAGE) as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise ModuleError(f"{error.filename}: {error.strerror}") from None
        said = " ".join(str(error).split())[:120] or "it ends too early"
        raise ModuleError(f"{path} is damaged or cannot be read: {shown(said)}") from None


def check_directory(file: IO[bytes], limits: Limits) -> None:
    """Raise ModuleError when a zip's directory, which zipfile reads as a whole, is larger than members need."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _ZIP_TAIL))
    tail = file.read()
    at, far = tail.rfind(b"PK\x05\x06"), tail.rfind(b"PK\x06\x06")
    stated = int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0
    if stated == 0xFFFFFFFF:  # a zip of more than 4 GiB or 65535 members says it elsewhere
        stated = int.from_bytes(tail[far + 40 : far + 48], "little") if far >= 0 else size
    if min(stated, size) > limits.max_members * _ZIP_ENTRY_BYTES:
        raise ModuleError(
            f"the zip has a directory of {stated} bytes, too much for {limits.max_members} members; "
            "give a larger max_members if that is right"
        )


def _zip_file(file: IO[bytes]) -> Any:
    import zipfile  # 1 MB that only an archive needs; the same below

    return zipfile.ZipFile(file)


class TarSource:
    """A tar, packed or not, that is read from its beginning each time."""

    def __init__(self, file: IO[bytes], packing: Packing, tally: Tally) -> None:
        self.packing = packing
        self._file = file
        self._tally = tally

    def members(self) -> Iterator[Member]:
        """Yield all members in order, within the limits."""
        for member, _ in self._read():
            self._tally.add(member)
            yield member

    def contents(self) -> Iterator[tuple[Member, Readable | None]]:
        """Yield all members in order, a file with its bytes."""
        for member, content in self._read():
            yield member, content() if member.kind == "file" else None

    def _read(self) -> Iterator[tuple[Member, Any]]:
        import tarfile

        self._file.seek(0)
        stream = Forward(self._unpacked(), self._tally.limits)
        tar: Any = tarfile.TarFile(fileobj=stream, mode="r")  # type: ignore[arg-type]  # read, seek, tell do
        with tar:
            while (info := tar.next()) is not None:
                tar.members.clear()  # it would keep them all
                yield _from_tar(info), lambda info=info: tar.extractfile(info)
        if stream.last.strip(b"\0"):  # tarfile takes a broken header for the end
            raise EOFError

    def _unpacked(self) -> Readable:
        if self.packing == "gz":
            import gzip

            return gzip.GzipFile(fileobj=self._file, mode="rb")
        if self.packing == "bz2":
            import bz2

            return bz2.BZ2File(self._file, "rb")
        return Xz(self._file) if self.packing == "xz" else self._file


class ZipSource:
    """A zip. What its directory says counts, and no more than that is ever read."""

    packing: Packing = "zip"

    def __init__(self, archive: Any, tally: Tally, password: str) -> None:
        self._archive = archive
        self._tally = tally
        self._password = password.encode() or None

    def members(self) -> Iterator[Member]:
        """Yield all members in order, within the limits."""
        for info in self._archive.infolist():
            member = self._from_zip(info)
            self._tally.add(member)
            yield member

    def contents(self) -> Iterator[tuple[Member, Readable | None]]:
        """Yield all members in order, a file with its bytes."""
        for info in self._archive.infolist():
            member = self._from_zip(info)
            if member.kind != "file":
                yield member, None
                continue
            with self.open(info) as content:
                yield member, content

    def check_readable(self) -> None:
        """Raise ModuleError when a member cannot be opened: no or a wrong password, an unknown packing."""
        for info in self._archive.infolist():
            if not info.is_dir():
                self.open(info).close()

    def open(self, info: Any) -> Any:
        """Return the bytes of one member as a file. Raises ModuleError."""
        if info.flag_bits & _ENCRYPTED and self._password is None:
            raise ModuleError(f"{shown(info.filename)} in the archive is encrypted; give password=")
        try:
            return self._archive.open(info, pwd=self._password)
        except (
            RuntimeError
        ) as error:  # zipfile's word for a wrong password; and for a method it does not know
            if isinstance(error, NotImplementedError):
                raise ModuleError(
                    f"{shown(info.filename)} in the archive is packed in an unknown way"
                ) from None
            raise ModuleError(f"the password does not fit {shown(info.filename)} in the archive") from None

    def _from_zip(self, info: Any) -> Member:
        mode = info.external_attr >> 16 if info.create_system == _UNIX else 0
        kind = _zip_kind(info, mode)
        encrypted = bool(info.flag_bits & _ENCRYPTED)
        return Member(
            name=info.filename,
            kind=kind,
            size=info.file_size if kind in ("file", "symlink") else 0,
            mode=stat.S_IMODE(mode) or (0o755 if kind == "dir" else 0o644),
            mtime=_zip_time(info.date_time),
            target=self._target(info) if kind == "symlink" else "",
            encrypted=encrypted,
        )

    def _target(self, info: Any) -> str:
        if info.flag_bits & _ENCRYPTED and self._password is None:
            return ""  # a list can do without; unpacking refuses a link to nothing
        if info.file_size > _MAX_TARGET:
            raise ModuleError(f"refused: {shown(info.filename)} in the archive is a link of too many bytes")
        with self.open(info) as content:
            return os.fsdecode(content.read(_MAX_TARGET + 1))


def _from_tar(info: Any) -> Member:
    return Member(
        name=info.name,
        kind=_tar_kind(info),
        size=info.size if info.isreg() else 0,
        mode=stat.S_IMODE(info.mode),
        mtime=float(info.mtime),
        uid=info.uid,
        gid=info.gid,
        uname=info.uname,
        gname=info.gname,
        target=info.linkname if info.issym() or info.islnk() else "",
    )


def _tar_kind(info: Any) -> Kind:
    if info.isdir():
        return "dir"
    if info.issym():
        return "symlink"
    if info.islnk():
        return "hardlink"
    return "file" if info.isreg() else "other"


def _zip_kind(info: Any, mode: int) -> Kind:
    kinds: dict[int, Kind] = {0: "file", stat.S_IFREG: "file", stat.S_IFDIR: "dir", stat.S_IFLNK: "symlink"}
    return "dir" if info.is_dir() else kinds.get(stat.S_IFMT(mode), "other")


def _zip_time(when: tuple[int, int, int, int, int, int]) -> float:
    """Return the seconds; a zip knows only local time, and 0 for a time that is none."""
    import time

    try:
        return time.mktime((*when, 0, 0, -1))
    except (OverflowError, ValueError):
        return 0.0
