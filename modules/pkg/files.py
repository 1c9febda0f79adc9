"""Packages and their files: `pkg.file_list`, `pkg.file_dict`, `pkg.owner`, `pkg.verify`."""

from __future__ import annotations

from typing import Any, Final

from modules.context import Context
from modules.pkg import names
from modules.pkg.provider import package_manager
from shoal.errors import ArgumentError
from shoal.functions.function import function

_MAX: Final = 100  # packages or paths in one call: a process each


@function(replay="safe")
def file_list(ctx: Context, /, *packages: str) -> dict[str, list[str]]:
    """Return the paths that installed packages brought as `files`, and as `errors` what is not installed.

    CLI Example:

        shoal '*' pkg.file_list bash
        shoal '*' pkg.file_list bash curl
    """
    found = file_dict(ctx, *packages)
    return {
        "errors": found["errors"],
        "files": sorted({path for paths in found["packages"].values() for path in paths}),
    }


@function(replay="safe")
def file_dict(ctx: Context, /, *packages: str) -> dict[str, Any]:
    """Return the paths that installed packages brought by package, and as `errors` what is not installed.

    At least one package is needed: the files of all would not fit into one return.

    CLI Example:

        shoal '*' pkg.file_dict bash
    """
    manager = package_manager(ctx)
    errors: list[str] = []
    found: dict[str, list[str]] = {}
    for each in _bounded(packages, "package"):
        paths = manager.files(manager.check_name(each))
        if paths is None:
            errors.append(f"package {each} is not installed")
        else:
            found[each] = paths
    return {"errors": errors, "packages": found}


@function(replay="safe")
def owner(ctx: Context, /, *paths: str) -> str | dict[str, str]:
    """Return the package that owns a path, "" if none does; by path when several are asked for.

    A folder that several packages share has them all, with commas between. Where /bin is a link to /usr/bin both
    names of a file are tried.

    CLI Example:

        shoal '*' pkg.owner /bin/ls
        shoal '*' pkg.owner /bin/ls /etc/passwd
    """
    manager = package_manager(ctx)
    asked = [names.file_path(each) for each in _bounded(paths, "path")]
    found = {each: ", ".join(manager.owners(each)) for each in asked}
    return found[asked[0]] if len(asked) == 1 else found


@function(replay="safe")
def verify(ctx: Context, /, *packages: str) -> dict[str, dict[str, Any]]:
    """Return the files of packages that are missing or differ from what was installed; of all without a name.

    CLI Example:

        shoal '*' pkg.verify
        shoal '*' pkg.verify bash curl
    """
    manager = package_manager(ctx)
    return manager.verify([manager.check_name(each) for each in names.counted(packages)])


def _bounded(given: tuple[str, ...], what: str) -> list[str]:
    if not given:
        raise ArgumentError(f"say at least one {what}")
    if len(given) > _MAX:
        raise ArgumentError(f"{len(given)} are too many for one call; at most {_MAX}")
    return list(dict.fromkeys(given))
