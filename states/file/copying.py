"""`file.copy` and `file.rename`: a file or folder of the box under another name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from modules.context import Context
from modules.file import copying, removing
from shoal.errors import ModuleError
from states.declare import state
from states.file import perms as permissions
from states.file import steps
from states.file.answers import planned
from states.file.claims import claim
from states.file.paths import Now, absolute_path, look, new_file
from states.file.perms import Mode, Perms
from states.file.steps import Content
from states.plan import Plan, Step, call, unchanged


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyOptions:
    """How the copy is made. Spellings are Salt's."""

    force: bool = False  # a file that is there is replaced
    makedirs: bool = False
    preserve: bool = False  # owner and mode of the source
    user: str | int | None = None
    group: str | int | None = None
    mode: Mode = None
    dir_mode: Mode = None
    subdir: bool = False  # into `name`, if that is a folder


_COPY: Final = CopyOptions()


@state
def copy_(ctx: Context, name: str, source: str, options: CopyOptions = _COPY) -> Plan:
    """Copy a file or folder of the box to a place where nothing is; with `force` what is there is replaced.

    Once it is there the copy is left alone, whatever becomes of the source, unless `force` says otherwise. It has the
    mode of the source if no `mode` is given, with `preserve` its owner too.

    Example:

        /etc/app/app.conf:
          file.copy:
            - source: /usr/share/app/app.conf.example
            - makedirs: true
    """
    path, origin = absolute_path(name), absolute_path(source)
    if options.subdir and path.is_dir():
        path = path / origin.name
    claim(ctx, str(path))
    found = look(origin)
    if not found.there:
        raise ModuleError(f'Source file "{source}" is not present')
    now = look(path)
    if now.there and not options.force:
        return unchanged(f'The target file "{path}" exists and will not be overwritten')
    before = _folders(path, options)
    changes: dict[str, Any] = {str(path): source}
    did, would = f'Copied "{source}" to "{path}"', f'File "{source}" is set to be copied to "{path}"'
    if found.kind == "dir":
        made = [*before, *([steps.take_away(path)] if now.there else []), _tree(origin, path)]
        return planned(made, changes, did=did, would=would, verify=not options.force)
    if found.kind != "file" or now.kind == "dir":
        raise ModuleError(f'"{source}" is of type {found.kind} and "{path}" is {now.kind or "not there"}')
    wanted = _wanted(found, options)
    if now.there and now.digest == found.digest and not wanted.differing(now):
        return unchanged(f'The target file "{path}" exists and is the same as "{source}"')
    content = Content(digest=found.digest, put={"source": source, "digest": found.digest}, data=found.data)
    given = permissions.with_primary_group(permissions.wanted(options.mode, options.user, options.group))
    if not options.preserve:
        changes |= given.differing(new_file(path, found.mode))
    return planned([*before, steps.put(now, content, wanted)], changes, did=did, would=would)


@state
def rename(ctx: Context, name: str, source: str, force: bool = False, makedirs: bool = False) -> Plan:
    """Give a file or folder another name on the same file system, as long as the old name is there.

    Example:

        /etc/app/app.conf.disabled:
          file.rename:
            - source: /etc/app/app.conf
    """
    path, origin = absolute_path(name), absolute_path(source)
    if not os.path.lexists(origin):
        return unchanged(f'Source file "{source}" has already been moved out of place')
    made: list[Step] = []
    if os.path.lexists(path):
        if not force:
            return unchanged(f'The target file "{name}" exists and will not be overwritten')
        made.append(steps.take_away(path))
    made += steps.make_folders(path.parent, Perms()) if makedirs else []
    made.append(
        Step(
            do=call(copying.rename, str(origin), str(path)),
            undo=call(copying.rename, str(path), str(origin)),
        )
    )
    would = f'File "{source}" is set to be moved to "{name}"'
    did = f'Moved "{source}" to "{name}"'
    return planned(made, {name: source}, did=did, would=would, predicted={})  # as Salt


def _wanted(found: Now, options: CopyOptions) -> Perms:
    if options.preserve:
        return Perms(mode=found.mode, user=str(found.uid), group=str(found.gid))
    given = permissions.wanted(options.mode, options.user, options.group)
    given = permissions.with_primary_group(given)
    return given if given.mode >= 0 else Perms(mode=found.mode, user=given.user, group=given.group)


def _folders(path: Path, options: CopyOptions) -> list[Step]:
    if not options.makedirs:
        return []
    wanted = permissions.wanted(options.dir_mode, options.user, options.group)
    return steps.make_folders(path.parent, wanted)


def _tree(origin: Path, path: Path) -> Step:
    return Step(
        do=call(copying.copy, str(origin), str(path), recurse=True),
        undo=call(removing.remove, str(path)),
    )
