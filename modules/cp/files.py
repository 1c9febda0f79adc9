"""The master's files, and others, brought to the box: checked, and put in place all at once.

1. What arrives is copied from the cache while its digest is checked again, into a temporary file beside the target
   that only root may read, and takes the target's name when it is whole.
2. A target keeps its owner and mode if there is one, else it gets the mode that the file has on the master.
3. A target that is no regular file, or whose folder is not there (without `makedirs`), is refused.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final, NamedTuple

from modules.context import Context
from modules.cp.template import check_engine
from modules.placing import Placed, make_folder, place
from modules.templates import render_text
from shoal.errors import ModuleError, WireError
from shoal.files.digest import HASH_TYPE
from shoal.files.messages import FileInfo
from shoal.files.names import BASE, read_url
from shoal.functions.function import function

_MODES: Final = 0o777  # a file of the master speaks for nobody: no set-user-id, set-group-id
_TRIES: Final = 3  # for a file that changes on the master, or is damaged in the cache


@function(replay="safe")
def get_file(
    ctx: Context, path: str, dest: str, saltenv: str = BASE, makedirs: bool = False, template: str = ""
) -> str:
    """Bring a file of the master to `dest`; a folder, or a name that ends with `/`, takes it under its own name.

    With `template=jinja` the two names are rendered, as in Salt, not the file: that is `cp.get_template`. Returns the
    path it has then, "" if the master does not serve it.

    CLI Example:

        shoal '*' cp.get_file shoal://web/site.conf /etc/nginx/site.conf makedirs=True
        shoal '*' cp.get_file 'shoal://{{ grains.os }}/motd' /etc/motd template=jinja
    """
    path, dest = _rendered(ctx, path, dest, saltenv, template)
    name, env = _name(path, saltenv)
    target = Path(dest, name.rpartition("/")[2]) if dest.endswith("/") or Path(dest).is_dir() else Path(dest)
    where = Where(target.parent, target.name)
    for _ in range(_TRIES):
        info = ctx.files.find(env, name)
        if info is None:
            return ""
        if bring(ctx, [(info, where)], makedirs=makedirs):
            return str(target)
    raise ModuleError(f"{path}: it changes on the master each time it is fetched")


@function(replay="safe")
def get_dir(ctx: Context, path: str, dest: str, saltenv: str = BASE, template: str = "") -> list[str]:
    """Bring a folder of the master and all below it to the folder `dest`, as in Salt with its own name on top.

    With `template=jinja` the two names are rendered. Returns the files' paths. What else is in `dest` stays.

    CLI Example:

        shoal '*' cp.get_dir shoal://web /srv
    """
    path, dest = _rendered(ctx, path, dest, saltenv, template)
    name, env = _name(path, saltenv)
    above = name.rpartition("/")[0]
    for _ in range(_TRIES):
        found = [
            (info, Where(Path(dest), info.name[len(above) :].lstrip("/")))
            for info in _listed_below(ctx, env, name)
        ]
        wanted = [(info, where) for info, where in found if not info.is_dir]
        if bring(ctx, wanted, makedirs=True):
            for info, where in found:
                if info.is_dir:
                    make_folder(where.folder, where.below)
            return [str(where.folder / where.below) for _, where in wanted]
    raise ModuleError(f"{path}: it changes on the master each time it is fetched")


@function(replay="safe")
def get_file_str(ctx: Context, path: str, saltenv: str = BASE) -> str:
    """Return the text of a file of the master, "" if the master does not serve it.

    CLI Example:

        shoal '*' cp.get_file_str shoal://top.sls
    """
    cached = cache_file(ctx, path, saltenv)
    return Path(cached).read_text("utf-8", errors="replace") if cached else ""


@function(replay="safe")
def cache_file(ctx: Context, path: str, saltenv: str = BASE) -> str:
    """Bring a file of the master to the box's cache and return where it is, "" if the master does not serve it.

    It is not to be changed there, and may go when room is needed.

    CLI Example:

        shoal '*' cp.cache_file shoal://web/site.conf
    """
    name, env = _name(path, saltenv)
    info = ctx.files.find(env, name)
    return "" if info is None else str(ctx.files.fetch([info])[0])


@function(replay="safe")
def cache_files(ctx: Context, paths: list[str], saltenv: str = BASE) -> list[str]:
    """Bring some files of the master to the box's cache and return where they are.

    CLI Example:

        shoal '*' cp.cache_files '[shoal://top.sls, shoal://web/site.conf]'
    """
    return [cache_file(ctx, path, saltenv) for path in paths]


@function(replay="safe")
def cache_dir(ctx: Context, path: str, saltenv: str = BASE) -> list[str]:
    """Bring a folder of the master to the box's cache and return where its files are.

    CLI Example:

        shoal '*' cp.cache_dir shoal://web
    """
    name, env = _name(path, saltenv)
    return [str(cached) for cached in ctx.files.fetch(ctx.files.walk(env, name))]


@function(replay="safe")
def hash_file(ctx: Context, path: str, saltenv: str = BASE) -> dict[str, str]:
    """Return the digest of a file of the master: `hsum` and `hash_type`; {} if the master does not serve it.

    CLI Example:

        shoal '*' cp.hash_file shoal://web/site.conf
    """
    name, env = _name(path, saltenv)
    info = ctx.files.find(env, name)
    return {} if info is None else {"hsum": info.digest.hex(), "hash_type": HASH_TYPE}


@function(replay="safe")
def stat_file(ctx: Context, path: str, saltenv: str = BASE) -> dict[str, Any]:
    """Return size and mode of a file of the master, {} if the master does not serve it.

    CLI Example:

        shoal '*' cp.stat_file shoal://web/site.conf
    """
    name, env = _name(path, saltenv)
    info = ctx.files.find(env, name)
    return {} if info is None else {"size": info.size, "mode": f"{info.mode:04o}"}


@function(replay="safe")
def envs(ctx: Context) -> list[str]:
    """List the environments that the master serves.

    CLI Example:

        shoal '*' cp.envs
    """
    return ctx.files.envs()


@function(replay="safe")
def list_master(ctx: Context, saltenv: str = BASE, prefix: str = "") -> list[str]:
    """List the files that the master serves, all or those below a folder.

    CLI Example:

        shoal '*' cp.list_master
        shoal '*' cp.list_master prefix=web
    """
    return [info.name for info in _walk(ctx, saltenv, prefix) if not info.is_dir]


@function(replay="safe")
def list_master_dirs(ctx: Context, saltenv: str = BASE, prefix: str = "") -> list[str]:
    """List the folders that the master serves.

    CLI Example:

        shoal '*' cp.list_master_dirs
    """
    return [info.name for info in _walk(ctx, saltenv, prefix) if info.is_dir]


@function(replay="safe")
def list_master_symlinks(ctx: Context, saltenv: str = BASE, prefix: str = "") -> dict[str, str]:
    """Return the symbolic links among what the master serves, and what they say.

    CLI Example:

        shoal '*' cp.list_master_symlinks
    """
    return {info.name: info.target for info in _walk(ctx, saltenv, prefix) if info.target}


@function(replay="safe")
def list_states(ctx: Context, saltenv: str = BASE) -> list[str]:
    """List the state files that the master serves, as `state.apply` names them.

    CLI Example:

        shoal '*' cp.list_states
    """
    names = (info.name for info in ctx.files.walk(saltenv) if info.name.endswith(".sls"))
    return sorted({name.removesuffix(".sls").removesuffix("/init").replace("/", ".") for name in names})


def _walk(ctx: Context, env: str, prefix: str) -> list[FileInfo]:
    name, env = _name(prefix, env)
    return ctx.files.walk(env, name)


def _listed_below(ctx: Context, env: str, name: str) -> list[FileInfo]:
    """Return what a folder of the master has. Raises ModuleError when the master names something else."""
    found = ctx.files.walk(env, name)
    start = f"{name}/" if name else ""
    for info in found:
        if not info.name.startswith(start) or len(info.name) == len(start):
            raise ModuleError(f"the master listed {info.name[:80]!r}, which is not below {name[:80]!r}")
    return found


def _name(path: str, env: str) -> tuple[str, str]:
    try:
        return read_url(path, env)
    except WireError as error:
        raise ModuleError(str(error)) from None


def _rendered(ctx: Context, path: str, dest: str, env: str, template: str) -> tuple[str, str]:
    if not template:
        return path, dest
    check_engine(template)
    return render_text(ctx, path, env, "path"), render_text(ctx, dest, env, "dest")


class Where(NamedTuple):
    """Where a file is to be: `below` a folder that was named, with the folders before its name."""

    folder: Path
    below: str


def bring(ctx: Context, wanted: list[tuple[FileInfo, Where]], *, makedirs: bool) -> bool:
    """Fetch files and put each in its place; False when one was not what it should be, and is to be found again."""
    try:
        cached = ctx.files.fetch([info for info, _ in wanted])
    except ModuleError as error:
        if "changed" in str(error):
            return False
        raise
    one = len(wanted) == 1
    for (info, where), source in zip(wanted, cached, strict=True):
        placed = Placed(source, where.folder, where.below, info.digest, info.mode & _MODES)
        if not place(placed, makedirs=makedirs, sync=one):
            ctx.files.drop(info)
            return False
    if not one:
        os.sync()
    return True
