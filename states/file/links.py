"""`file.symlink` and `file.hardlink`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from modules.context import Context
from modules.file import links
from modules.file.place import explained
from modules.file.removing import remove
from shoal.errors import ModuleError
from states.declare import state
from states.file import perms as permissions
from states.file import steps
from states.file.answers import planned
from states.file.backups import set_aside
from states.file.claims import claim
from states.file.paths import Now, absolute_path, look, new_file
from states.file.perms import Mode, Perms
from states.plan import Plan, Step, call, failed, unchanged


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOptions:
    """How the link is made. Spellings are Salt's."""

    force: bool = False  # what is in its place goes
    makedirs: bool = False
    backupname: str = ""  # what is in its place gets this name
    user: str | int | None = None
    group: str | int | None = None
    mode: Mode = None  # of folders that are made
    atomic: bool = False  # a link is always replaced at once


_DEFAULTS: Final = LinkOptions()


@state
def symlink(ctx: Context, name: str, target: str, options: LinkOptions = _DEFAULTS) -> Plan:
    """Keep a symbolic link, which may lead nowhere; a link to another place is changed.

    A file or folder in its place is an error unless `force` or `backupname` say what becomes of it. Without `user`
    the link belongs to root, or to whom the minion runs as.

    Example:

        /opt/app/current:
          file.symlink:
            - target: /opt/app/2.4
            - makedirs: true
    """
    path = absolute_path(name)
    claim(ctx, str(path))
    now = look(path, follow=False, content=False)
    owner = _owner(options)
    if now.kind == "link":
        return _of_link(name, target, now, owner)
    if now.there and not options.force and not options.backupname:
        return _refused(name, "symlink", now)
    before = _folders(path, options, owner)
    made = [*before[0], *_in_the_way(now, options), steps.make_link(path, target)]
    if options.user or options.group:
        fresh = new_file(path, 0)
        made.append(steps.dress({path: (fresh, {**owner.as_kwargs(), "link": True})}))
    told: dict[str, Any] = {"new": name}
    would = f"Symlink {name} to {target} is set for creation{before[1]}"
    if now.there and not options.backupname:
        would = f"The file or directory {name} is set for removal to make way for a new symlink targeting {target}"
        told = {"forced": "Symlink was forcibly replaced", **told} if now.kind == "dir" else told
    return planned(made, told, did=f"Created new symlink {name} -> {target}", would=would)


@state
def hardlink(
    ctx: Context, name: str, target: str, options: LinkOptions = _DEFAULTS, dir_mode: Mode = None
) -> Plan:
    """Keep a second name for a file, which must be there, on the same file system.

    Example:

        /srv/www/app.js:
          file.hardlink:
            - target: /opt/app/app.js
            - force: true
    """
    path, source = absolute_path(name), absolute_path(target, "target")
    claim(ctx, str(path))
    if not os.path.lexists(source):
        raise ModuleError(f"Target {target} for hard link does not exist")
    if source.is_dir():
        raise ModuleError(f"Unable to hard link from directory {target}")
    now = look(path, follow=False, content=False)
    with explained(path, "looked at"):
        if now.there and os.path.samestat(path.lstat(), source.lstat()):
            return unchanged(
                f"Target of hard link {name} is already pointing to {target}",
                would=f"The hard link {name} is presently targetting {target}",
            )
    if now.there and not options.force and not options.backupname:
        return _refused(name, "hard link", now)
    wanted = permissions.wanted(dir_mode, options.user, options.group)
    made = [*_folders(path, options, wanted)[0], *_in_the_way(now, options)]
    made.append(Step(do=call(links.link, target, name), undo=call(remove, name)))
    would, told = f"Hard link {name} to {target} is set for creation", {"new": name}
    if now.there:
        told = {"forced": "File for hard link was forcibly replaced", **told}
        would = f"The file or directory {name} is set for removal to make way for a new hard link targeting {target}"
    return planned(made, told, did=f"Created new hard link {name} -> {target}", would=would)


def _of_link(name: str, target: str, now: Now, owner: Perms) -> Plan:
    """Return the plan where a link is there already."""
    with explained(now.path, "read as a link"):
        leads_to = os.readlink(now.path)  # noqa: PTH115  Path would tidy the text
    differing: Mapping[str, Any] = {
        key: value for key, value in owner.differing(now).items() if key != "mode"
    }
    made = []
    if leads_to != target:
        made.append(
            Step(
                do=call(links.symlink, target, str(now.path), atomic=True),
                undo=call(links.symlink, leads_to, str(now.path), atomic=True),
            )
        )
        # A link that takes another's place is ours, and so is the one that an undo makes.
        owner = owner if owner.user or owner.group else Perms(user=str(now.uid), group=str(now.gid))
    if differing or made:
        given = {key: value for key, value in owner.as_kwargs().items() if key != "mode"}
        made.append(steps.dress({now.path: (now, {**given, "link": True})}))
    if leads_to != target:
        would = f"Link {name} target is set to be changed to {target}"
        did = f"Created new symlink {name} -> {target}"
        return planned(made, {"new": name}, did=did, would=would, predicted={"change": name})
    was, wanted = permissions.owner_of(now), _shown(owner, now)
    if not differing:
        return unchanged(
            f"Symlink {name} is present and owned by {was}", would=f"The symlink {name} is present"
        )
    would = f"The symlink {name} is present, but the ownership of the symlink would be changed from {was} to {wanted}"
    return planned(
        made, {"ownership": wanted}, did=f"Set ownership of symlink {name} to {wanted}", would=would
    )


def _shown(owner: Perms, now: Now) -> str:
    user, _, group = permissions.owner_of(now).partition(":")
    return f"{owner.user or user}:{owner.group or group}"


def _owner(options: LinkOptions) -> Perms:
    wanted = permissions.wanted(options.mode, options.user, options.group)
    return permissions.with_primary_group(wanted)


def _folders(path: Path, options: LinkOptions, owner: Perms) -> tuple[list[Step], str]:
    """Return the steps that make the link's folder, and what a test run says of it."""
    if path.parent.is_dir():
        return [], ""
    if not options.makedirs:
        return [], f"\nDirectory {path.parent} for symlink is not present"
    return steps.make_folders(path.parent, owner), f"\n{path.parent} will be created"


def _refused(name: str, word: str, now: Now) -> Plan:
    kind = "Directory" if now.kind == "dir" else "File"
    return failed(
        f"{kind} exists where the {word} {name} should be",
        would=f"File or directory exists where the {word} {name} should be. Did you mean to use force?",
    )


def _in_the_way(now: Now, options: LinkOptions) -> list[Step]:
    """Return the steps that make room."""
    if not now.there:
        return []
    if options.backupname:
        return set_aside(now.path, options.backupname, force=options.force)
    return [steps.take_away(now.path)]
