"""`file.directory`: a folder with its owner and mode, and if asked those of all that is in it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from modules.context import Context
from modules.file.place import explained
from shoal.errors import ModuleError
from states.declare import state
from states.file import perms as permissions
from states.file import steps
from states.file.answers import planned
from states.file.backups import set_aside
from states.file.claims import claim, claimed
from states.file.cleaning import doomed, outermost
from states.file.paths import Now, absolute_path, look
from states.file.perms import Mode, Perms
from states.plan import Plan, Step, unchanged

_RECURSE: Final = ("user", "group", "mode", "ignore_files", "ignore_dirs", "silent")
_CLEANED: Final = "Removed due to clean"


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryOptions:
    """How the folder is to be. Spellings are Salt's."""

    user: str | int | None = None
    group: str | int | None = None
    mode: Mode = None  # another name for dir_mode
    dir_mode: Mode = None
    file_mode: Mode = None  # with recurse
    recurse: list[str] | None = None  # user, group, mode; ignore_files, ignore_dirs, silent
    max_depth: int | None = None  # of recurse; 0 = nothing but the folder
    makedirs: bool = False
    clean: bool = False  # what no state manages goes
    exclude_pat: str | list[str] | None = None  # what clean leaves there
    force: bool = False  # a file in its place goes
    backupname: str = ""  # a file in its place gets this name
    allow_symlink: bool = True  # a link to a folder will do
    children_only: bool = False  # recurse leaves the folder itself as it is


_DEFAULTS: Final = DirectoryOptions()


@state
def directory(ctx: Context, name: str, options: DirectoryOptions = _DEFAULTS) -> Plan:
    """Keep a folder, with its owner and mode.

    `recurse` gives them to all that is in it; links in it are never followed, and only their owner is set. `clean`
    removes what no state of the run has managed before this one, `exclude_pat` apart (a glob, or `E@` and a regular
    expression, over the path in the folder).

    Example:

        /srv/app:
          file.directory:
            - user: app
            - group: app
            - dir_mode: 750
            - file_mode: 640
            - makedirs: true
            - recurse: [user, group, mode]
    """
    path = absolute_path(name.rstrip("/") or "/")
    wanted = _Wanted.of(options)
    claim(ctx, str(path))
    now = look(path, content=False)
    if now.kind == "dir" and not (now.is_link and not options.allow_symlink):
        return _existing(ctx, str(path), now, wanted, options)
    new: dict[str, Any] = {str(path): {"directory": "new"}}
    made, forced = _in_the_way(name, path, now, options)
    would = _listed(new)
    if not path.parent.is_dir() and not options.makedirs:
        return Plan(
            result=False, did=f"No directory to create {path} in", would=would, changes=new, expected=None
        )
    made += (
        steps.make_folders(path, wanted.folder) if not now.there else [steps.make_folder(path, wanted.folder)]
    )
    if forced == "backup":
        told = {"backup": f"{path} would be renamed to {options.backupname}", **new}
        would = f"{path} would be backed up and replaced with a new directory"
        return planned(made, new, did="", would=would, predicted=told)
    if forced:
        predicted = {"forced": f"{forced} would be forcibly replaced", **new}
        changes = {"forced": f"{forced} was forcibly replaced", **new}
        return planned(made, changes, did="", would=would, predicted=predicted)
    return planned(made, new, did="", would=would)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Owner and mode of the folder, and of what is in it."""

    folder: Perms
    folders: Perms
    files: Perms

    @classmethod
    def of(cls, options: DirectoryOptions) -> _Wanted:
        """Read the options. Raises ModuleError."""
        if set(options.recurse or ()) - set(_RECURSE):
            words = ", ".join(f'"{each}"' for each in _RECURSE)
            raise ModuleError(f'Types for "recurse" limited to {words}.')
        mode = options.dir_mode if options.dir_mode is not None else options.mode
        folder = permissions.wanted(mode, options.user, options.group)
        recurse = options.recurse or []
        user = folder.user if "user" in recurse else ""
        group = folder.group if "group" in recurse else ""
        modes = "mode" in recurse
        return cls(
            folder=folder,
            folders=Perms(mode=folder.mode if modes else -1, user=user, group=group),
            files=Perms(
                mode=permissions.bits(options.file_mode, "file_mode") if modes else -1, user=user, group=group
            ),
        )


def _existing(ctx: Context, name: str, now: Now, wanted: _Wanted, options: DirectoryOptions) -> Plan:
    """Return the plan for a folder that is there."""
    found = dict(_differing(now.path, wanted, options)) if options.recurse else {}
    if not options.children_only or not options.recurse:
        own = wanted.folder.differing(now)
        if own:
            found[now.path] = (now, own, wanted.folder)
    going: list[Path] = []
    if options.clean:
        going = doomed(now.path, claimed(ctx, now.path), options.exclude_pat)
        found = {path: each for path, each in found.items() if path not in set(going)}
    if not found and not going:
        return unchanged(f"The directory {name} is in the correct state")
    predicted: dict[str, Any] = {str(path): dict(differing) for path, (_, differing, _) in found.items()}
    predicted |= {str(path): {"removed": _CLEANED} for path in going}
    made = [steps.take_away(path) for path in outermost(going)]
    if found:
        made.append(steps.dress({path: (was, _given(was, perms)) for path, (was, _, perms) in found.items()}))
    changes = _changes(now.path, predicted, found, options)
    did = f"Directory {name}{'/*' if options.children_only and options.recurse else ''} updated"
    if going:
        changes["removed"] = [str(path) for path in outermost(going)]
        did = f"Files cleaned from directory {name}"
    return planned(made, changes, did=did, would=_listed(predicted), predicted=predicted)


Found = dict[Path, tuple[Now, dict[str, str], Perms]]


def _changes(
    top: Path, predicted: Mapping[str, Any], found: Found, options: DirectoryOptions
) -> dict[str, Any]:
    """Return what Salt tells of a real run: each path, and beside them what was last set."""
    ordered = [top, *(path for path in found if path != top)]
    flat: dict[str, Any] = {}
    for path in ordered:
        flat |= found[path][1] if path in found else {}
    if "silent" in (options.recurse or ()):
        return {"recursion": "Changes silenced", **flat}
    return {**predicted, **flat}


def _given(now: Now, wanted: Perms) -> dict[str, Any]:
    given: dict[str, Any] = wanted.as_kwargs()
    if now.kind == "link":
        given = {key: value for key, value in given.items() if key != "mode"} | {"link": True}
    return given


def _differing(
    top: Path, wanted: _Wanted, options: DirectoryOptions
) -> Iterator[tuple[Path, tuple[Now, dict[str, str], Perms]]]:
    """Yield what differs below a folder."""
    recurse = options.recurse or []
    for path, is_folder in _below(top, options.max_depth):
        if ("ignore_dirs" if is_folder else "ignore_files") in recurse:
            continue
        now = look(path, follow=False, content=False)
        perms = wanted.folders if is_folder else wanted.files
        differing = perms.differing(now)
        if now.kind == "link":
            differing.pop("mode", None)
        if differing:
            yield path, (now, differing, perms)


def _below(top: Path, max_depth: int | None) -> Iterator[tuple[Path, bool]]:
    """Yield what is below a folder and whether it is one; links are none."""
    depth = len(top.parts)
    with explained(top, "listed"):
        for folder, folders, files in os.walk(top):
            if max_depth is not None and len(Path(folder).parts) - depth >= max_depth:
                folders.clear()
                continue
            folders.sort()
            for name in sorted(files):
                yield Path(folder, name), False
            for name in list(folders):
                path = Path(folder, name)
                yield path, not path.is_symlink()


def _in_the_way(name: str, path: Path, now: Now, options: DirectoryOptions) -> tuple[list[Step], str]:
    """Return the steps that make room for the folder, and what is to be told. Raises ModuleError."""
    if not now.there and not now.is_link:
        return [], ""
    word = "symlink" if now.is_link and (now.kind == "dir" or not now.there) else "file"
    if options.backupname:
        return set_aside(path, options.backupname, force=options.force), "backup"
    if options.force:
        return [steps.take_away(path)], word.capitalize()
    raise ModuleError(f"Specified location {name} exists and is a {word}")


def _listed(changes: Mapping[str, Any]) -> str:
    lines = [f"{path}: {key} - {value}\n" for path, each in changes.items() for key, value in each.items()]
    return "The following files will be changed:\n" + "".join(lines)
