"""Chooses the kind of repositories by the box's package manager."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from modules.context import Context
from modules.pkg.provider import package_manager
from modules.pkgrepo.apk import ApkRepositories
from modules.pkgrepo.apt import AptSources
from modules.pkgrepo.contract import Repositories
from modules.pkgrepo.dnf import RepoFiles

_HANDS: Final[dict[str, Callable[[], Repositories]]] = {
    "apt": AptSources,
    "dnf": RepoFiles,
    "apk": ApkRepositories,
}


def repositories(ctx: Context) -> Repositories:
    """Return the repositories of this box. Raises UnavailableError if it has no package manager that we know."""
    return _HANDS[package_manager(ctx).name]()
