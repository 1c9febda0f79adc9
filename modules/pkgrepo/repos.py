"""`pkgrepo.list_repos`, `get_repo`, `mod_repo` and `del_repo`. What names a repository depends on the box:

- apt: its line, `deb URL SUITE COMPONENTS`; the type, address and suite count
- dnf: its id
- apk: its address
"""

from __future__ import annotations

from typing import Any, Final

from modules.context import Context
from modules.pkg.upkeep import refresh_db
from modules.pkgrepo.contract import RepoOptions, without_password
from modules.pkgrepo.provider import repositories
from shoal.errors import ModuleError
from shoal.functions.function import function

_DEFAULTS: Final = RepoOptions()


@function(replay="safe")
def list_repos(ctx: Context) -> dict[str, Any]:
    """Return all repositories, disabled ones too: by address a list (apt, apk), by id the options (dnf).

    CLI Example:

        shoal '*' pkgrepo.list_repos
    """
    return repositories(ctx).all()


@function(replay="safe")
def get_repo(ctx: Context, repo: str) -> dict[str, Any]:
    """Return one repository, nothing if there is none.

    CLI Example:

        shoal '*' pkgrepo.get_repo 'deb http://deb.debian.org/debian bookworm main'
    """
    return repositories(ctx).get(repo)


@function(replay="safe")
def mod_repo(ctx: Context, repo: str, options: RepoOptions = _DEFAULTS) -> dict[str, dict[str, Any]]:
    """Make a repository what is asked, a new one if it is not there, and return it.

    A new repository gets a file of its own unless `file` names one. A key given by `key_text` or `key_url` (a
    path on the box) is put into /etc/apt/keyrings and is good for this repository alone.

    CLI Example:

        shoal '*' pkgrepo.mod_repo 'deb https://repo.example.org/apt bookworm main' key_url=/srv/example.asc
        shoal '*' pkgrepo.mod_repo 'deb https://repo.example.org/apt bookworm main' disabled=True
        shoal '*' pkgrepo.mod_repo example baseurl=https://repo.example.org/rpm gpgkey=file:///etc/pki/example
        shoal '*' pkgrepo.mod_repo https://dl-cdn.alpinelinux.org/alpine/edge/testing tag=testing
    """
    found = repositories(ctx)
    if found.put(repo, options) and options.refresh:
        refresh_db(ctx)
    return {repo: found.get(repo)}


def _is_gone(ctx: Context, repo: str) -> bool:
    return not repositories(ctx).get(repo)


@function(replay="check", probe=_is_gone)
def del_repo(ctx: Context, repo: str) -> str:
    """Remove a repository; a file that is left with nothing goes too, a key stays.

    CLI Example:

        shoal '*' pkgrepo.del_repo 'deb https://repo.example.org/apt bookworm main'
    """
    found = repositories(ctx)
    file = found.delete(repo)
    if not file:
        raise ModuleError(f"{without_password(repo)}: there is no such repository on this box")
    return f"{without_password(repo)} was removed from {file}"
