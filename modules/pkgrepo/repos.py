"""`pkgrepo.list_repos`, `get_repo`, `mod_repo` and `del_repo`. What names a repository depends on the box:

- apt: its line, `deb URL SUITE COMPONENTS`; the type, address and suite count
- dnf: its id
- apk: its address
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from pathlib import Path
from typing import Any, Final

from modules.context import Context
from modules.pkg.upkeep import refresh_db
from modules.pkgrepo import apk, apt, dnf
from modules.pkgrepo.contract import RepoOptions, without_password
from modules.pkgrepo.provider import repositories
from modules.text_file import delete, edit_bytes, read_bytes
from shoal.errors import ArgumentError, ModuleError
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
    if found.edit(repo, options).made() and options.refresh:
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
    edit = repositories(ctx).removal(repo)
    if not edit.files:
        raise ModuleError(f"{without_password(repo)}: there is no such repository on this box")
    edit.made()
    return f"{without_password(repo)} was removed from {next(iter(edit.files))}"


@function(replay="safe")
def put_back(
    ctx: Context, path: str, before: str | None = None, left: str | None = None, mode: int = 0o644
) -> bool:
    """Give a file of repositories or keys the content it had; without `before` it goes.

    States write `before` (as base64) and `left`, the digest of what they left there, into their journal. What is
    neither so nor as before has been changed since: that is an error. `mode` is for a file that is made again.

    CLI Example:

        shoal '*' pkgrepo.put_back /etc/apt/sources.list.d/nothing.list
    """
    file = Path(path)
    folders = (apt.FOLDER, apt.KEYRINGS, dnf.FOLDER)
    if file.parent not in folders and file not in (apt.MAIN_FILE, apk.FILE):
        raise ArgumentError(f"{path} is no file of repositories or keys")
    now = read_bytes(file) if file.exists() else None
    earlier = None if before is None else _decoded(before)
    if now == earlier:
        return False
    if digest(now) != left:
        raise ModuleError(f"{path} was changed since: its earlier content is not put back")
    if earlier is None:
        delete(file)
    else:
        edit_bytes(file, lambda _: earlier, mode=mode)
    return True


def way_back(path: Path, after: bytes | None) -> dict[str, Any]:
    """Return what `put_back` takes to undo that a file becomes `after`."""
    if not path.exists():
        return {"path": str(path), "left": digest(after)}
    before = base64.b64encode(read_bytes(path)).decode()
    return {"path": str(path), "before": before, "left": digest(after), "mode": path.stat().st_mode & 0o777}


def digest(data: bytes | None) -> str | None:
    """Return what a content is known by, None for no file."""
    return None if data is None else hashlib.sha256(data).hexdigest()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ArgumentError("pkgrepo.put_back: before is not base64") from None
