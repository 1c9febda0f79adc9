"""The functions."""

from __future__ import annotations

import re
from typing import Any, Final

from modules.alternatives.group import Group
from modules.alternatives.provider import choose
from modules.context import Context
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function

_NAME: Final = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.+@:-]{0,127}", re.ASCII)


@function(replay="safe")
def display(ctx: Context, name: str) -> str:
    """Return what the tool says of a name, in its words; an empty text if it does not know it.

    CLI Example:

        shoal '*' alternatives.display editor
    """
    return choose().display(_name(name))


@function(replay="safe")
def query(ctx: Context, name: str) -> dict[str, Any]:
    """Return link, status, best and current value of a name and its alternatives with their priorities.

    Salt has only the tool's text.

    CLI Example:

        shoal '*' alternatives.query awk
    """
    return _group(name).to_map()


@function(replay="safe")
def show_link(ctx: Context, name: str) -> str:
    """Return the path of the generic link, e.g. /usr/bin/editor.

    CLI Example:

        shoal '*' alternatives.show_link awk
    """
    return _group(name).link


@function(replay="safe")
def show_current(ctx: Context, name: str) -> str:
    """Return the program that a name means now.

    CLI Example:

        shoal '*' alternatives.show_current awk
    """
    return _group(name).value


@function(replay="safe")
def check_exists(ctx: Context, name: str, path: str) -> bool:
    """Say whether a program is one of the alternatives of a name.

    CLI Example:

        shoal '*' alternatives.check_exists editor /usr/bin/vim.basic
    """
    group = choose().query(_name(name))
    return group is not None and any(each.path == path for each in group.alternatives)


@function(replay="safe")
def check_installed(ctx: Context, name: str, path: str) -> bool:
    """Say whether a name means this program now.

    CLI Example:

        shoal '*' alternatives.check_installed editor /usr/bin/vim.basic
    """
    group = choose().query(_name(name))
    return group is not None and group.value == path


@function(replay="safe")
def install(ctx: Context, name: str, link: str, path: str, priority: int) -> str:
    """Make a program an alternative of a name and return what the tool said.

    CLI Example:

        shoal '*' alternatives.install editor /usr/bin/editor /usr/bin/vim.basic 50
    """
    return choose().run("--install", _path(link), _name(name), _path(path), str(priority))


@function(replay="safe")
def remove(ctx: Context, name: str, path: str) -> str:
    """Make a program no alternative of a name any more and return what the tool said.

    CLI Example:

        shoal '*' alternatives.remove editor /usr/bin/vim.basic
    """
    if not check_exists(ctx, name, _path(path)):
        return ""
    return choose().run("--remove", name, path)


@function(replay="safe")
def auto(ctx: Context, name: str) -> str:
    """Let a name mean its best alternative from now on and return what the tool said.

    CLI Example:

        shoal '*' alternatives.auto editor
    """
    return choose().run("--auto", _group(name).name)


@function(replay="safe")
def set_(ctx: Context, name: str, path: str) -> str:
    """Let a name mean this program until told otherwise and return what the tool said.

    CLI Example:

        shoal '*' alternatives.set editor /usr/bin/vim.basic
    """
    if not check_exists(ctx, name, _path(path)):
        raise ModuleError(f"{path} is no alternative of {name}: add it with alternatives.install")
    return choose().run("--set", name, path)


def group_of(name: str) -> Group | None:
    """Return what is known of a name, None if nothing is. Raises ArgumentError, UnavailableError."""
    return choose().query(_name(name))


def _group(name: str) -> Group:
    group = group_of(name)
    if group is None:
        raise ModuleError(f"{name}: the box has no alternatives of that name")
    return group


def _name(name: str) -> str:
    if not _NAME.fullmatch(name) or name in (".", ".."):
        raise ArgumentError(f"{name!r} is not the name of a group of alternatives")
    return name


def _path(path: str) -> str:
    if not path.startswith("/") or "\0" in path or "\n" in path:
        raise ArgumentError(f"an alternative is given by its absolute path, not {path!r}")
    return path
