"""Archives that are to be unpacked. One is looked into first: what is missing of it says whether there is work."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from modules.archive.plan import Step as Member
from modules.archive.unmaking import remove_members
from modules.archive.unpack import Unpacking, extract, ids_of, steps_of
from modules.context import Context
from modules.file.hashes import check_hash
from modules.file.owners import lchown
from modules.file.removing import remove
from shoal.errors import ArgumentError, WireError
from shoal.files.names import BASE, is_served, read_url
from states.declare import state
from states.plan import Plan, Step, call, failed, unchanged

_MAX_LISTED: Final = 5000  # members that a way back names
_WEB: Final = ("http://", "https://", "ftp://")
_LETTERS: Final = frozenset("xvfzjJp")  # of tar, that change nothing here


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How an archive is unpacked. Spellings are Salt's."""

    source_hash: str = ""  # sha256=…
    skip_verify: bool = False  # leave the hash alone
    saltenv: str = BASE
    archive_format: Literal["", "tar", "zip"] = ""  # "" = what its content says
    options: str = ""  # of tar: --strip-components=N, --exclude=PATTERN
    password: str = ""  # of an encrypted zip
    enforce_toplevel: bool = True
    if_missing: str = ""  # nothing is done when this path exists
    overwrite: bool = False  # unpack each time
    clean: bool = False  # remove what the archive has at its top first
    user: str = ""
    group: str = ""
    extract_perms: bool = True
    keep_setid: bool = False
    trim_output: bool | int = False


@state
def extracted(ctx: Context, name: str, source: str | list[str], wanted: Wanted = Wanted()) -> Plan:
    """Have the content of an archive in a folder; it is unpacked when a file of it is missing.

    Contents are not compared. `source` is on the box or served by the master; of several the first that is there. What
    a web server has is brought by another state first, with its `source_hash`. What is there already and would be
    written over is not kept, and then there is no way back; nor with `clean` and `overwrite`.

    Example:

        /srv/site:
          archive.extracted:
            - source: shoal://site-1.2.tar.gz
            - source_hash: sha256=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
            - user: www-data
    """
    if not name.startswith("/"):
        return failed(f"{name} is not an absolute path")
    if wanted.if_missing and os.path.lexists(wanted.if_missing):
        return unchanged(f"Path {wanted.if_missing} exists")
    given = [source] if isinstance(source, str) else source
    path, told = _found(ctx, given, wanted.saltenv)
    if not path:
        return failed(told)
    if wanted.source_hash and not wanted.skip_verify and not check_hash(ctx, path, wanted.source_hash):
        digits = wanted.source_hash.replace(":", "=").rpartition("=")[2]
        return failed(f"{told} does not match the desired source_hash {digits}")
    work = _Work(f"{name.rstrip('/')}/", path, told, wanted)
    if wanted.enforce_toplevel and len(work.tops()) > 1:
        return failed(
            "Archive does not have a single top-level directory. To allow this archive to be extracted, set "
            "'enforce_toplevel' to False. To avoid a 'tar-bomb' it may also be advisable to set a top-level directory "
            "by adding it to the 'name' value (for example, setting 'name' to "
            f"{work.dest}some_dir/ instead of {work.dest})."
        )
    return work.plan()


def _found(ctx: Context, sources: list[str], env: str) -> tuple[str, str]:
    """Return where the first source that is there lies on the box, and its name; "" and why not."""
    for source in sources:
        if source.lower().startswith(_WEB):
            raise ArgumentError(
                f"archive.extracted: {source.partition('://')[0]} is not asked while planning; bring the archive by "
                "file.managed, with source and source_hash, and name that file here"
            )
        if is_served(source):
            try:
                path, of = read_url(source, env)
            except WireError as error:
                raise ArgumentError(str(error)) from None
            info = ctx.files.find(of, path)
            if info is not None:
                return str(ctx.files.fetch([info])[0]), source
        elif Path(source).is_file():
            return source, source
    return "", f"Source file '{sources[0]}' does not exist" if sources else "there is no source"


@dataclass(slots=True)
class _Work:
    """What is to be done for one archive."""

    dest: str
    path: str
    told: str
    wanted: Wanted
    options: Unpacking = field(init=False)
    members: list[Member] = field(init=False)

    def __post_init__(self) -> None:
        """Look into the archive. Raises ModuleError."""
        strip, excludes = _read_options(self.wanted.options)
        self.options = Unpacking(
            password=self.wanted.password, excludes=excludes, strip_components=strip, user=self.wanted.user,
            group=self.wanted.group, extract_perms=self.wanted.extract_perms, keep_setid=self.wanted.keep_setid,
        )  # fmt: skip
        self.members = steps_of(self.path, self.options, self.wanted.archive_format)

    def tops(self) -> set[str]:
        """Return the names at the top of the archive, one more if a file is among them."""
        bare = {each.parts[0] for each in self.members if len(each.parts) == 1 and each.member.kind != "dir"}
        return {each.parts[0] for each in self.members} | {f"{each}\0" for each in bare}

    def plan(self) -> Plan:
        """Return the plan."""
        missing = [each for each in self.members if not self._is_there(each)]
        if not missing and not self.wanted.overwrite:
            return self._owned()
        made = [self.dest] if not Path(self.dest).is_dir() else []
        changes: dict[str, Any] = {"directories_created": made} if made else {}
        names = [each.listed.rstrip("/") for each in self.members]
        limit = self.wanted.trim_output
        changes["extracted_files"] = names if limit is False else names[: 100 if limit is True else limit]
        if self.wanted.user or self.wanted.group:
            changes["updated ownership"] = True
        why = "" if self.wanted.overwrite else ", due to absence of one or more files/dirs"
        cleaned = ", after cleaning destination path(s)" if self._tops_there() else ""
        return Plan(
            steps=(*self._cleaning(), self._extraction(missing)),
            changes=changes,
            would=f"Archive {self.told} would be extracted to {self.dest}{cleaned}{why}",
            did=f"{self.told} extracted to {self.dest}{cleaned}{why}",
            verify=not self.wanted.overwrite,
        )

    def _is_there(self, each: Member) -> bool:
        path = Path(self.dest, *each.parts)
        if each.member.kind == "dir":
            return path.is_dir() and not path.is_symlink()
        return os.path.lexists(path) and not (path.is_dir() and not path.is_symlink())

    def _tops_there(self) -> list[str]:
        if not self.wanted.clean:
            return []
        tops = sorted({str(Path(self.dest, each.parts[0])) for each in self.members})
        return [each for each in tops if os.path.lexists(each)]

    def _cleaning(self) -> list[Step]:
        return [
            Step(do=call(remove, path=each), final="what was removed first is not kept")
            for each in self._tops_there()
        ]

    def _extraction(self, missing: list[Member]) -> Step:
        given = {
            "password": self.options.password, "excludes": self.options.excludes, "user": self.options.user,
            "strip_components": self.options.strip_components, "group": self.options.group,
            "extract_perms": self.options.extract_perms, "keep_setid": self.options.keep_setid,
        }  # fmt: skip
        do = call(
            extract,
            name=self.path,
            dest=self.dest,
            **{key: each for key, each in given.items() if each != ""},
        )
        over = [each for each in self.members if each not in missing and each.member.kind != "dir"]
        if over or self.wanted.clean:
            return Step(
                do=do,
                final=f"{Path(self.dest, *over[0].parts) if over else self.dest} is written over, not kept",
            )
        if len(missing) > _MAX_LISTED:
            return Step(do=do, final=f"more than {_MAX_LISTED} files are unpacked, too many to name")
        names = sorted({name for each in missing for name in self._new_names(each)})
        return Step(
            do=do, undo=call(remove_members, dest=self.dest, names=names, made=_missing_folders(self.dest))
        )

    def _new_names(self, each: Member) -> list[str]:
        """Return a member's name and those of the folders above it that are not there yet."""
        above = ["/".join(each.parts[:end]) for end in range(1, len(each.parts))]
        new = [f"{name}/" for name in above if not Path(self.dest, name).is_dir()]
        return [*new, "/".join(each.parts) + ("/" if each.member.kind == "dir" else "")]

    def _owned(self) -> Plan:
        """Return the plan for an archive that is there: who owns its files."""
        uid, gid = ids_of(self.options)
        steps = []
        for each in self.members if (uid, gid) != (-1, -1) else ():
            path = Path(self.dest, *each.parts)
            now = path.lstat()
            if uid in (-1, now.st_uid) and gid in (-1, now.st_gid):
                continue
            steps.append(
                Step(
                    do=call(lchown, path=str(path), user=self.wanted.user, group=self.wanted.group),
                    undo=call(lchown, path=str(path), user=str(now.st_uid), group=str(now.st_gid)),
                )
            )
        said = "All files in archive are already present"
        if not steps:
            return unchanged(said)
        return Plan(
            steps=tuple(steps),
            changes={"updated ownership": True},
            would=f"{said}, ownership would be updated",
            did=f"{said}, ownership was updated",
        )


def _missing_folders(dest: str) -> list[str]:
    path = Path(dest)
    return [str(each) for each in (path, *path.parents) if not each.exists()]


def _read_options(text: str) -> tuple[int, list[str]]:
    """Return how many folders names lose, and what is left out. Raises ArgumentError for any other option."""
    strip, excludes = 0, []
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ArgumentError(f"archive.extracted: options cannot be split into words: {error}") from None
    while words:
        option, equals, value = words.pop(0).partition("=")
        if option in ("--strip-components", "--strip", "--exclude") and not equals and words:
            value = words.pop(0)
        if option in ("--strip-components", "--strip") and value.isascii() and value.isdigit():
            strip = int(value)
        elif option == "--exclude" and value:
            excludes.append(value)
        elif equals or not set(option.removeprefix("-")) <= _LETTERS:
            raise ArgumentError(
                f"archive.extracted: option {option} is not taken; --strip-components=N and --exclude=PATTERN are"
            )
    return strip, excludes
