"""`file.put`: a whole content with its owner and mode, and what was there kept before.

1. What is there must be what the caller saw (`was`); it is kept (`kept_store.py`) before anything changes.
2. The new content, owner and mode are on a file beside it, which is checked by `check_cmd` and then takes its name.

So a failure, also of the check, leaves the old file as it was.
"""

from __future__ import annotations

import base64
import os
import re
import shlex
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from modules.atomic_file import ChangedError, beside, new_file, sync_folder, umask
from modules.context import Context
from modules.cp.files import cache_file
from modules.cp.url import UrlOptions, get_url
from modules.file.backup_store import keep
from modules.file.content import CHUNK, open_regular, snapshot, to_bytes, version_of, write_all
from modules.file.kept_store import MAX_CONTENT, KeptStore
from modules.file.modes import as_bits
from modules.file.perms import owner_ids
from modules.file.place import absolute, explained, shown
from modules.held_folder import entered
from modules.likeness import make_like_named
from modules.shell import Command, run, shell_argv
from shoal.errors import ArgumentError, ModuleError
from shoal.files.digest import Digest, digest_of
from shoal.files.names import BASE, is_served
from shoal.functions.function import function

NOTHING: Final = "-"  # `was`: there was no file
_ENDING: Final = re.compile(r"[\w.-]{0,20}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class PutOptions:
    """Where the content comes from (one of the first four), and how the file is to be."""

    content: str | None = None
    base64: str | None = None  # content that is no text
    kept: str = ""  # digest of a content that was there before
    source: str = ""  # a file of the master, of the box, or an address with `source_hash`
    saltenv: str = BASE
    source_hash: str = ""
    digest: str = ""  # which the content of `source` must have
    was: str = ""  # digest of what must be there now, - for nothing; "" = whatever
    mode: str = ""  # octal; "" = as the old file, else what the umask leaves
    user: str = ""
    group: str = ""
    backup: bool | str = False  # see `file.restore_backup`
    check_cmd: str = ""  # gets the new file's path as its last word
    tmp_ext: str = ""  # how that path ends, for commands that look at it


_DEFAULTS: Final = PutOptions()


@function
def put(ctx: Context, path: str, options: PutOptions = _DEFAULTS) -> bool:
    """Give a file a content, owner and mode, and keep what was there, so that it can be given back.

    States are made of it; `file.write` and `cp.get_file` are easier to type. Follows links. What is larger than
    64 MiB is not kept. With `check_cmd` the new file is put in place only if that command ends with 0.

    CLI Example:

        shoal '*' file.put /etc/motd content='hello' mode=0644
        shoal '*' file.put /etc/app.conf source=shoal://app.conf check_cmd='app --check-config'
    """
    place = absolute(path)
    new = _New(
        mode=as_bits(options.mode) if options.mode else -1, owner=owner_ids(options.user, options.group)
    )
    if not _ENDING.fullmatch(options.tmp_ext):
        raise ArgumentError("tmp_ext must be the end of a file's name, e.g. .conf")
    try:
        with (
            _content(ctx, place, options) as content,
            explained(place, "written"),
            entered(place) as (folder, target),
        ):
            _put(ctx, folder, target, new._replace(content=content), options)
    except ModuleError as error:
        if not place.parent.is_dir():
            raise ModuleError("Parent directory not present") from error
        raise
    return True


class _New(NamedTuple):
    mode: int  # -1 = not given
    owner: tuple[int, int]  # -1 = not given
    content: Iterable[bytes] = ()


def _put(ctx: Context, folder: int, target: Path, new: _New, options: PutOptions) -> None:
    old = _keep_old(ctx, folder, target, options)
    with beside(folder, target.name, options.tmp_ext) as fresh:
        with new_file(folder, fresh) as fd:
            _fill(fd, new.content, options)
            if old is not None:
                make_like_named(fd, folder, target.name, old)
            else:
                os.fchmod(fd, 0o666 & ~umask())
            _dress(fd, new)
        if options.check_cmd:
            _check(options.check_cmd, target.with_name(fresh))
        _must_be(folder, target, old)
    sync_folder(folder)


def _fill(fd: int, content: Iterable[bytes], options: PutOptions) -> None:
    digest = Digest()
    for data in content:
        digest.update(data)
        write_all(fd, data)
    if options.digest and digest.final().hex() != options.digest:
        raise ModuleError(f"{shown(options.source)} has changed since it was looked at; try again")


def _dress(fd: int, new: _New) -> None:
    mode = stat.S_IMODE(os.fstat(fd).st_mode) if new.mode < 0 else new.mode
    if new.owner != (-1, -1):
        os.fchown(fd, *new.owner)
    os.fchmod(fd, mode)


def _keep_old(ctx: Context, folder: int, target: Path, options: PutOptions) -> os.stat_result | None:
    """Keep what is there, and see that it is what the caller saw. Raises ModuleError."""
    try:
        fd = open_regular(target, folder=folder)
    except FileNotFoundError:
        if options.was not in ("", NOTHING):
            raise _changed(target) from None
        return None
    try:
        status = os.fstat(fd)
        found = KeptStore(ctx).keep(fd) if status.st_size <= MAX_CONTENT else digest_of(fd).hex()
        if options.was and found != options.was:
            raise _changed(target)
    finally:
        os.close(fd)
    if options.backup:
        keep(ctx, folder, target, snapshot(target, folder).data, options.backup)
    return status


def _must_be(folder: int, target: Path, old: os.stat_result | None) -> None:
    try:
        now = os.stat(target.name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        now = None
    if (now and version_of(now)) != (old and version_of(old)):
        raise _changed(target)


def _changed(target: Path) -> ChangedError:
    return ChangedError(f"{shown(target)} was changed by somebody else; nothing was written, try again")


@contextmanager
def _content(ctx: Context, path: Path, options: PutOptions) -> Iterator[Iterable[bytes]]:
    """Give the content piece by piece. What a web server has is fetched before any folder is locked for it."""
    given = [
        options.content is not None,
        options.base64 is not None,
        bool(options.kept),
        bool(options.source),
    ]
    if sum(given) != 1:
        raise ArgumentError("give one of content, base64, kept and source")
    if options.content is not None:
        yield [to_bytes(options.content)]
    elif options.base64 is not None:
        yield [_decoded(options.base64)]
    elif options.kept:
        with _kept(ctx, path, options.kept) as pieces:
            yield pieces
    elif options.source.startswith("/") or is_served(options.source):
        yield _pieces(_on_box(ctx, options))
    else:
        import tempfile  # only for what comes from a web server

        with tempfile.TemporaryDirectory() as folder:
            target = f"{folder}/fetched"
            get_url(ctx, options.source, target, options=UrlOptions(source_hash=options.source_hash))
            yield _pieces(Path(target))


@contextmanager
def _kept(ctx: Context, path: Path, name: str) -> Iterator[Iterable[bytes]]:
    """Give a content that was there before. It may be there still: then nothing had changed it."""
    if _digest(path) == name:
        yield _pieces(path)
        return
    with KeptStore(ctx).opened(
        name
    ) as pieces:  # opened before what is there now is kept, and room made for it
        yield pieces


def _digest(path: Path) -> str:
    try:
        fd = open_regular(path)
    except (OSError, ModuleError):
        return ""
    try:
        return digest_of(fd).hex()
    finally:
        os.close(fd)


def _on_box(ctx: Context, options: PutOptions) -> Path:
    if not is_served(options.source):
        return Path(options.source)
    found = cache_file(ctx, options.source, options.saltenv)
    if not found:
        raise ModuleError(f"{shown(options.source)} is not served any more")
    return Path(found)


def _pieces(path: Path) -> Iterator[bytes]:
    with os.fdopen(open_regular(path), "rb", buffering=0) as file:
        while data := file.read(CHUNK):
            yield data


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise ArgumentError("base64 has something in it that is not base64") from None


def _check(command: str, path: Path) -> None:
    """Run the check on the new file. Raises ModuleError in Salt's words when it does not pass."""
    done = run(Command(argv=shell_argv(f"{command} {shlex.quote(str(path))}")))
    if done.retcode != 0:
        said = (done.stderr or done.stdout).strip()
        raise ModuleError("check_cmd execution failed" + (f"\n{said}" if said else ""))
