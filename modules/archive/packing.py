"""Packs files into a new archive, which appears under its name when it is whole."""

from __future__ import annotations

import glob
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from modules import shell
from modules.archive import formats
from modules.archive.acting import acting_as
from modules.archive.formats import Packing
from modules.archive.listing import list_
from modules.archive.member import clean, shown
from modules.archive.unpack import DEFAULTS, Unpacking, check_path, unpack
from modules.atomic_file import SUFFIX, beside, new_file, sync_folder
from modules.context import Context
from modules.held_folder import entered_below
from modules.likeness import make_like_named
from modules.scratch import scratch_folder
from shoal.errors import ArgumentError, ModuleError, UnavailableError
from shoal.functions.function import function

_LETTERS: Final[dict[str, Packing]] = {"z": "gz", "j": "bz2", "J": "xz"}
_IGNORED: Final = (
    "vfp"  # we always name what was done, always take a file, and have a parameter for the modes
)
_CHUNK: Final = 65536
_ZSTD_S: Final = 1800.0


@function
def tar(
    ctx: Context,
    options: str,
    tarfile: str,
    sources: list[str] | None = None,
    dest: str = "",
    cwd: str = "",
    unpacking: Unpacking = DEFAULTS,
) -> list[str]:
    """Pack (`c`), unpack (`x`) or list (`t`) a tar, as its program's letters say, and return the names.

    The letters are `c`, `x` or `t`; `z`, `j`, `J` or `a` (by the file's name) for packing; `v`, `f` and `p`
    change nothing. No program tar is started, so options that would let it start another do not exist. A name
    in `sources` may be a pattern; they lie in `dest`, or else `cwd`, without which they must be absolute.

    CLI Example:

        shoal '*' archive.tar czf /srv/upload/site.tar.gz site dest=/srv
        shoal '*' archive.tar xf /srv/upload/site.tar.gz dest=/srv/new
    """
    action, packing = letters(options, tarfile)
    base = dest or cwd
    check_path(tarfile)
    if action == "x":
        if not base:
            raise ArgumentError("archive.tar x: give the folder to unpack into, dest=")
        return unpack(tarfile, base, unpacking, wanted="tar", only=tuple(sources or ())).names()
    if action == "t":
        return list(list_(ctx, tarfile, "tar"))
    with acting_as(unpacking.runas):
        return _pack_tar(tarfile, packing, expand(sources or [], base))


@function(aliases=("archive.cmd_zip",))
def zip_(ctx: Context, zip_file: str, sources: list[str], cwd: str = "", runas: str = "") -> list[str]:
    """Pack files and folders into a zip and return their names in it; links are kept as links.

    No program zip is needed; `archive.cmd_zip` is the same. A name in `sources` may be a pattern; they lie in
    `cwd`, without which they must be absolute.

    CLI Example:

        shoal '*' archive.zip /srv/upload/site.zip /srv/site,/srv/more
        shoal '*' archive.zip /srv/upload/site.zip 'site,*.txt' cwd=/srv
    """
    check_path(zip_file)
    with acting_as(runas):
        return _pack_zip(zip_file, expand(sources, cwd))


def letters(options: str, name: str) -> tuple[str, Packing]:
    """Return the action and the packing that tar's letters say. Raises ArgumentError for any other option."""
    given = options.strip().removeprefix("-")
    actions = [letter for letter in given if letter in "cxt"]
    unknown = [letter for letter in given if letter not in f"cxta{_IGNORED}" and letter not in _LETTERS]
    if unknown or len(set(actions)) != 1:
        raise ArgumentError(
            f"archive.tar: options {shown(options)!r} must be one of c, x, t with any of z, j, J, a, v, f, p"
        )
    packing: Packing = next((_LETTERS[letter] for letter in given if letter in _LETTERS), "tar")
    if "a" in given:
        packing = formats.SUFFIXES.get(Path(name).suffix, "tar")
        if packing == "zip":
            raise ArgumentError("archive.tar makes no zip; archive.zip does")
    return actions[0], packing


def expand(sources: list[str], base: str) -> list[tuple[str, str]]:
    """Return path and name in the archive of what `sources` mean. Raises ModuleError for what is not there."""
    found: list[tuple[str, str]] = []
    if base:
        check_path(base)
    for source in sources:
        if not base:
            check_path(source)
        path = str(Path(base or "/", source))
        matches = [path] if os.path.lexists(path) else sorted(glob.glob(path))  # noqa: PTH207  of an absolute path
        if not matches:
            raise ModuleError(f"{shown(path)} is not there, so nothing was packed")
        for each in matches:
            name = os.path.relpath(each, base or "/")
            if name.startswith(".."):
                raise ModuleError(f"{shown(each)} is outside of {base}, so nothing was packed")
            found.append((each, name))
    if not found:
        raise ArgumentError("there is nothing to pack; give sources=")
    return found


@contextmanager
def new_archive(path: str) -> Iterator[IO[bytes]]:
    """Yield a new file that gets the name `path` when the block ends well. An existing one's rights stay."""
    place = Path(path)
    try:
        # Packing takes long: the folder's lock is left to those who edit.
        with entered_below(place.parent, locked=False) as folder:
            with beside(folder, place.name) as fresh, new_file(folder, fresh) as fd:
                with os.fdopen(fd, "w+b", closefd=False) as file:
                    yield file
                earlier = _earlier(folder, place.name)
                if earlier is not None:
                    make_like_named(fd, folder, place.name, earlier)
            sync_folder(folder)
    except OSError as error:
        raise ModuleError(f"{path} cannot be written: {error.strerror or error}") from None


def _earlier(folder: int, name: str) -> os.stat_result | None:
    """Return the status of the file that is there already, None if there is none; a link is none."""
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def _pack_tar(path: str, packing: Packing, sources: list[tuple[str, str]]) -> list[str]:
    names: list[str] = []

    def keep(info: Any) -> Any:
        if _is_ours(str(Path("/", info.name)), path):
            return None
        names.append(clean(f"{info.name}/" if info.isdir() else info.name))
        return info

    with new_archive(path) as file:
        if packing == "tar":
            _add_all(file, sources, keep)
        elif packing == "zst":
            _pack_zst(file, sources, keep)
        else:
            with formats.packer(packing, file) as packed:
                _add_all(packed, sources, keep)
    return names


def _is_ours(name: str, path: str) -> bool:
    """Say whether `name` is the archive that is being made, which may lie in what is packed."""
    return Path(name).name.endswith(SUFFIX) or Path(name) == Path(path)


def _add_all(file: IO[bytes], sources: list[tuple[str, str]], keep: Any) -> None:
    import tarfile  # only for packing; reading has its own

    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, name in sources:
            archive.add(path, name, filter=keep)


def _pack_zst(file: IO[bytes], sources: list[tuple[str, str]], keep: Any) -> None:
    program = shell.which("zstd")
    if not program:
        raise UnavailableError("zst", "there is no program zstd on this box")
    if os.geteuid() != os.getuid():
        raise ModuleError("runas cannot be had for a zst archive; pack it as oneself or otherwise")
    import shutil  # it brings bz2 and lzma, which the waiting executor does without

    with scratch_folder("zst") as folder:
        plain, packed = Path(folder, "plain"), Path(folder, "packed")
        with plain.open("wb") as target:
            _add_all(target, sources, keep)
        argv = (program, "-q", "-o", str(packed), "--", str(plain))
        shell.run(shell.Command(argv=argv, timeout_s=_ZSTD_S, env={"LC_ALL": "C"})).must_succeed()
        with packed.open("rb") as source:
            shutil.copyfileobj(source, file, _CHUNK)


def _pack_zip(path: str, sources: list[tuple[str, str]]) -> list[str]:
    import zipfile  # only for a zip

    names: list[str] = []
    with new_archive(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, name in (entry for source in sources for entry in _zip_entries(*source)):
            if not _is_ours(each, path):
                names.append(_add_to_zip(archive, each, name))
    return names


def _add_to_zip(archive: Any, path: str, name: str) -> str:
    import zipfile

    try:
        name.encode()
    except UnicodeEncodeError:
        raise ModuleError(f"{shown(path)}: a zip cannot hold a name that is not UTF-8; pack a tar") from None
    status = os.lstat(path)
    if stat.S_ISLNK(status.st_mode):
        info = zipfile.ZipInfo(name, zip_time(status.st_mtime))
        info.create_system, info.external_attr = 3, status.st_mode << 16
        archive.writestr(info, os.fsencode(os.readlink(path)))  # noqa: PTH115  as bytes
    elif stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode):
        archive.write(path, name)
        name = f"{name}/" if stat.S_ISDIR(status.st_mode) else name
    else:
        raise ModuleError(f"{shown(path)} is neither file, folder nor link; a zip cannot hold it")
    return name


def zip_time(seconds: float) -> tuple[int, int, int, int, int, int]:
    """Return the local time that a zip stores: 1980 to 2107."""
    year, month, day, hour, minute, second = time.localtime(seconds)[:6]
    if year < 1980:
        return (1980, 1, 1, 0, 0, 0)
    return (min(year, 2107), month, day, hour, minute, second)


def _zip_entries(path: str, name: str) -> Iterator[tuple[str, str]]:
    yield path, name
    if Path(path).is_dir() and not Path(path).is_symlink():
        for below in sorted(os.listdir(path)):  # noqa: PTH208  as text with escapes, for any name
            yield from _zip_entries(f"{path}/{below}", f"{name}/{below}")
