"""`file.recurse`: a folder of the master with all below it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from modules.context import Context
from shoal.errors import ModuleError, ShoalError, WireError
from shoal.files.messages import FileInfo
from shoal.files.names import BASE, is_served, read_url
from states.declare import state
from states.file import steps
from states.file.answers import planned
from states.file.claims import claim, matches_any
from states.file.cleaning import doomed, outermost
from states.file.directory import DirectoryOptions, directory
from states.file.links import LinkOptions, symlink
from states.file.managed import ManagedOptions, managed
from states.file.paths import absolute_path, look
from states.file.perms import Mode
from states.plan import Plan, Step, unchanged


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurseOptions:
    """What is brought and how it is to be. Spellings are Salt's."""

    clean: bool = False  # what the master does not have, and no state manages, goes
    user: str | int | None = None
    group: str | int | None = None
    dir_mode: Mode = None
    file_mode: Mode = None  # keep: as on the master
    template: str | None = None
    context: dict[str, Any] | None = None
    defaults: dict[str, Any] | None = None
    replace: bool = True
    include_empty: bool = False  # folders without files too
    include_pat: str | list[str] | None = None
    exclude_pat: str | list[str] | None = None
    maxdepth: int | None = None
    keep_symlinks: bool = False
    force_symlinks: bool = False
    backup: bool | str = ""
    saltenv: str = BASE
    keep_source: bool = True  # sources are kept as the box's cache has room, whatever is said here


_DEFAULTS: Final = RecurseOptions()


@state
def recurse(ctx: Context, name: str, source: str | list[str], options: RecurseOptions = _DEFAULTS) -> Plan:
    """Keep a folder that has what a folder of the master has; of a list of sources the first that is there.

    `include_pat` and `exclude_pat` are globs, or `E@` and a regular expression, over the path in the folder. All is
    planned before anything is written: a template that fails leaves the folder as it was.

    Example:

        /etc/app/conf.d:
          file.recurse:
            - source: salt://app/conf.d
            - file_mode: '0644'
            - clean: true
            - exclude_pat: '*.local'
    """
    path = absolute_path(name.rstrip("/") or "/")
    if look(path, content=False).kind not in ("", "dir"):
        raise ModuleError(f"The path {name} exists and is not a directory")
    env, folder, found = _listed(ctx, source, options.saltenv)
    wanted = list(_wanted(folder, found, options))
    claim(ctx, str(path))
    gathered = _Gathered(str(path))
    for each in _folders(path, folder, wanted, found if options.include_empty else []):
        gathered.add(str(each), directory(ctx, str(each), _as_directory(options)))
    kept = set()
    for info in wanted:
        dest = path / info.name[len(folder) :].lstrip("/")
        kept |= {dest, *dest.parents}
        try:
            gathered.add(str(dest), _file(ctx, str(dest), info, env, options))
        except ShoalError as error:
            raise ModuleError(f"#### {dest} ####\n{error}") from None
    if options.clean and path.is_dir():
        gathered.remove(doomed(path, kept, options.exclude_pat))
    return gathered.plan()


def _file(ctx: Context, dest: str, info: FileInfo, env: str, options: RecurseOptions) -> Plan:
    if info.target and options.keep_symlinks:
        return symlink(
            ctx,
            dest,
            info.target,
            LinkOptions(user=options.user, group=options.group, force=options.force_symlinks),
        )
    return managed(
        ctx,
        dest,
        options=ManagedOptions(
            source=f"salt://{info.name}",
            saltenv=env,
            user=options.user,
            group=options.group,
            mode=options.file_mode,
            template=options.template,
            context=options.context,
            defaults=options.defaults,
            replace=options.replace,
            backup=options.backup,
        ),
    )


class _Gathered:
    """The plans of all that is in the folder, as one."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._steps: list[Step] = []
        self._changes: dict[str, Any] = {}
        self._predicted: dict[str, Any] = {}
        self._told: list[str] = []

    def add(self, name: str, plan: Plan) -> None:
        """Take the plan of one file or folder. Raises ModuleError if it cannot be."""
        if not plan.result:
            raise ModuleError(plan.did)
        if plan.empty:
            return
        self._steps += plan.steps
        self._predicted[name] = dict(plan.changes)
        done = plan.judge(()) if plan.judge else None
        changes = dict(done.changes if done else plan.changes)
        if name != self._name or changes != {name: {"directory": "new"}}:  # Salt does not tell of the top
            self._changes[name] = changes
        self._told.append(f"#### {name} ####\n{plan.would}")

    def remove(self, going: list[Path]) -> None:
        """Take what is to be cleaned."""
        if not going:
            return
        top = outermost(going)
        self._steps += [steps.take_away(each) for each in top]
        removed = [str(each) for each in top]
        self._changes["removed"] = removed
        self._predicted["removed"] = removed
        self._told.append("\n".join(["#### removed ####", *map(str, going)]))

    def plan(self) -> Plan:
        """Return the whole."""
        if not self._steps:
            return unchanged(f"The directory {self._name} is in the correct state")
        return planned(
            self._steps,
            self._changes,
            did=f"Recursively updated {self._name}",
            would="\n\n".join(self._told),
            predicted=self._predicted,
        )


def _listed(ctx: Context, source: str | list[str], saltenv: str) -> tuple[str, str, list[FileInfo]]:
    """Return environment and name of the first source that is there, and what is in it. Raises ModuleError."""
    for each in [source] if isinstance(source, str) else source:
        if not is_served(each):
            raise ModuleError(f"Recurse failed: Invalid source '{each}' (must be a salt:// URI)")
        try:
            name, env = read_url(each, saltenv)
        except WireError as error:
            raise ModuleError(f"Recurse failed: {error}") from None
        if found := ctx.files.walk(env, name):
            return env, name, found
    raise ModuleError("Recurse failed: none of the specified sources were found")


def _wanted(folder: str, found: list[FileInfo], options: RecurseOptions) -> Iterator[FileInfo]:
    for info in found:
        name = info.name[len(folder) :].lstrip("/")
        deep = options.maxdepth is not None and name.count("/") > options.maxdepth
        if not name or info.is_dir or deep or matches_any(name, options.exclude_pat):
            continue
        if options.include_pat is None or matches_any(name, options.include_pat):
            yield info


def _folders(path: Path, folder: str, wanted: list[FileInfo], empty: list[FileInfo]) -> list[Path]:
    """Return the folders that are needed, outer before inner."""
    names = [info.name[len(folder) :].lstrip("/") for info in wanted]
    folders = {(path / name).parent for name in names}
    folders |= {path / info.name[len(folder) :].lstrip("/") for info in empty if info.is_dir}
    return sorted(folders)


def _as_directory(options: RecurseOptions) -> DirectoryOptions:
    return DirectoryOptions(
        user=options.user, group=options.group, dir_mode=options.dir_mode, makedirs=True, allow_symlink=True
    )
