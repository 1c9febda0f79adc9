"""Paths as text: nothing here looks at the disk."""

from __future__ import annotations

import posixpath

from modules.context import Context
from shoal.functions.function import function


@function(inline=True, replay="safe")
def basename(ctx: Context, path: str) -> str:
    """Return the last part of a path.

    CLI Example:

        shoal '*' file.basename /etc/passwd
    """
    return posixpath.basename(path)


@function(inline=True, replay="safe")
def dirname(ctx: Context, path: str) -> str:
    """Return a path without its last part.

    CLI Example:

        shoal '*' file.dirname /etc/passwd
    """
    return posixpath.dirname(path)


@function(inline=True, replay="safe")
def join(ctx: Context, *parts: str) -> str:
    """Return the parts as one path.

    CLI Example:

        shoal '*' file.join / etc passwd
    """
    return posixpath.join(*parts) if parts else ""


@function(inline=True, replay="safe")
def normpath(ctx: Context, path: str) -> str:
    """Return a path without `.`, `..` and doubled slashes; links are not looked at.

    CLI Example:

        shoal '*' file.normpath /etc/../etc/passwd
    """
    return posixpath.normpath(path)
