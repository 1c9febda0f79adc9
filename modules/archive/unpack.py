"""Unpacks an archive into a folder: judge everything, then write. And the functions that do it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modules.archive import formats
from modules.archive.acting import acting_as
from modules.archive.limits import MAX_BYTES, MAX_MEMBERS, MAX_RATIO, Limits
from modules.archive.member import shown
from modules.archive.place import Place, Rights
from modules.archive.plan import Choice, Step, plan
from modules.archive.source import Source, ZipSource, opened
from modules.archive.stream import Readable
from modules.context import Context
from modules.file.owners import gid_of, uid_of
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacking:
    """What all functions that unpack take."""

    password: str = ""  # of an encrypted zip
    excludes: list[str] = field(default_factory=list)  # names or patterns as of a shell
    strip_components: int = 0  # how many leading folders the names lose
    extract_perms: bool = True  # take the modes over
    keep_setid: bool = False  # set-user-id, set-group-id and sticky bits too
    preserve_owner: bool = False  # take the owners over; a zip has none
    user: str = ""  # the owner of all that is made; "" = as above
    group: str = ""
    runas: str = ""
    max_bytes: int = MAX_BYTES  # unpacked, all members together
    max_members: int = MAX_MEMBERS
    max_ratio: int = MAX_RATIO  # unpacked to packed


DEFAULTS = Unpacking()


@dataclass(frozen=True, slots=True)
class Done:
    """What was unpacked."""

    packing: formats.Packing
    steps: list[Step]

    def names(self) -> list[str]:
        """Return the members' names as they are on the box now, below the folder."""
        return [step.listed for step in self.steps]

    def counts(self) -> dict[str, Any]:
        """Return how many files, folders and links there are, and how many bytes."""
        kinds = Counter(step.member.kind for step in self.steps)
        return {
            "files": kinds["file"],
            "dirs": kinds["dir"],
            "links": kinds["symlink"] + kinds["hardlink"],
            "bytes": sum(step.member.size for step in self.steps if step.member.kind == "file"),
        }


@function
def extract(ctx: Context, name: str, dest: str, options: Unpacking = DEFAULTS) -> dict[str, Any]:
    """Unpack an archive into a folder, whatever its format: tar, tar.gz, tar.bz2, tar.xz, tar.zst or zip.

    The content says what it is, not the name. Everything is judged before the first byte is written: names and
    links that lead out, devices, too much content. Modes lose their set-user-id, set-group-id and sticky bits,
    and files belong to whoever unpacks, unless `keep_setid` and `preserve_owner` say otherwise.

    CLI Example:

        shoal '*' archive.extract /srv/upload/site.tar.gz /srv/site
        shoal '*' archive.extract /srv/upload/site.zip /srv/site strip_components=1 excludes='*.md'
    """
    done = unpack(name, dest, options)
    return {"dest": dest, "format": formats.full_name(done.packing), **done.counts()}


@function(aliases=("archive.cmd_unzip",))
def unzip(
    ctx: Context, zip_file: str, dest: str, trim_output: bool | int = False, options: Unpacking = DEFAULTS
) -> list[str]:
    """Unpack a zip into a folder and return the names, with `trim_output` only the first 100, or that many.

    No program unzip is needed; `archive.cmd_unzip` is the same. What is refused stands at `archive.extract`.

    CLI Example:

        shoal '*' archive.unzip /srv/upload/site.zip /srv/site
        shoal '*' archive.unzip /srv/upload/site.zip /srv/site excludes='["*.md"]' password=secret
    """
    names = unpack(zip_file, dest, options, wanted="zip").names()
    return names if trim_output is False else names[: 100 if trim_output is True else max(trim_output, 0)]


def unpack(
    archive: str, dest: str, options: Unpacking, *, wanted: str = "", only: tuple[str, ...] = ()
) -> Done:
    """Unpack `archive` into the folder `dest`, which is made if need be. Raises ModuleError."""
    for path in (archive, dest):
        check_path(path)
    limits, choice = _limits(options), _choice(options, only)
    rights = Rights(
        modes=options.extract_perms,
        setid=options.keep_setid,
        owner=options.preserve_owner,
        give=ids_of(options),
    )
    with acting_as(options.runas), opened(archive, limits, options.password, wanted) as source:
        if source.packing == "zst" and options.runas:
            raise ModuleError(
                "runas cannot be had for a zst archive; unpack it as oneself or pack it otherwise"
            )
        steps = plan(source.members(), choice)
        if isinstance(source, ZipSource):
            source.check_readable()
        _write(source, steps, dest, rights)
    return Done(source.packing, steps)


def steps_of(archive: str, options: Unpacking, wanted: str = "") -> list[Step]:
    """Return what unpacking would make, and write nothing. Raises ModuleError for what must not be unpacked."""
    check_path(archive)
    with opened(archive, _limits(options), options.password, wanted) as source:
        return plan(source.members(), _choice(options))


def ids_of(options: Unpacking) -> tuple[int, int]:
    """Return uid and gid of all that is made, -1 where the options do not say. Raises ModuleError."""
    return uid_of(options.user), gid_of(options.group)


def _limits(options: Unpacking) -> Limits:
    return Limits(max_bytes=options.max_bytes, max_members=options.max_members, max_ratio=options.max_ratio)


def _choice(options: Unpacking, only: tuple[str, ...] = ()) -> Choice:
    return Choice(only=only, excludes=tuple(options.excludes), strip_components=options.strip_components)


def check_path(path: str) -> None:
    """Raise ArgumentError unless `path` is absolute."""
    if not path.startswith("/") or "\0" in path:
        raise ArgumentError(f"{shown(path)} is no absolute path")


def _write(source: Source, steps: list[Step], dest: str, rights: Rights) -> None:
    try:
        Path(dest).mkdir(parents=True, exist_ok=True)
        place = Place(dest, rights)
    except OSError as error:
        raise ModuleError(f"{dest} cannot be a folder to unpack into: {error.strerror}") from None
    with closing(place):
        place.check(steps)
        for step, content in _in_step(source, steps):
            with _told(shown("/".join(step.parts)), dest):
                place.make(step, content)
        with _told("the folders' modes", dest):
            place.finish()


def _in_step(source: Source, steps: list[Step]) -> Iterator[tuple[Step, Readable | None]]:
    """Yield each step with its content. Raises ModuleError when the second reading is not the first."""
    left = iter(steps)
    step = next(left, None)
    for member, content in source.contents():
        if step is None:
            break
        if member == step.member:
            yield step, content
            step = next(left, None)
    if step is not None:
        raise ModuleError(f"the archive changed while it was read, at {shown(step.member.name)}")


@contextmanager
def _told(what: str, dest: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno is None:  # the archive's fault, not the disk's
            raise
        raise ModuleError(f"{what} cannot be made in {dest}: {os.strerror(error.errno)}") from None
