"""Git repositories as file roots: each branch and tag is an environment, the base branch is `base`.

1. A repository is mirrored into the master's cache by the system's git, and each commit that is served is exported
   into a folder of its own, named by the commit: what is served never changes under a reader's hands.
2. An update that fails keeps what was served before and says why; the others go on.
3. Addresses come from the master's configuration only. Git gets a bare environment, asks for nothing, and speaks
   only the protocols named here.
"""

from __future__ import annotations

import hashlib
import logging
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from master.fileserver.git_program import Git, without_login
from shoal.errors import StoreError, WireError
from shoal.files.names import BASE, check_env

log = logging.getLogger(__name__)

_REF: Final = re.compile(r"([0-9a-f]{40,64}) refs/(?:heads|tags)/(\S+)")
_COMMIT: Final = re.compile(r"[0-9a-f]{40,64}")
_NEW_BASE: Final = "main"  # git's own names for the first branch
_OLD_BASE: Final = "master"


@dataclass(frozen=True, slots=True)
class _Remote:
    url: str
    folder: Path  # with `mirror.git` and a folder for each commit that is served

    @property
    def shown(self) -> str:
        """The address without a login."""
        return without_login(self.url)


class GitRoots:
    """See the module docstring. `update` blocks; everything else is quick."""

    def __init__(self, urls: Sequence[str], folder: Path, base: str = _NEW_BASE) -> None:
        self._remotes = [_Remote(url, folder / hashlib.sha256(url.encode()).hexdigest()[:16]) for url in urls]
        self._base = base
        self._git = Git()
        self._served: dict[str, dict[str, Path]] = {}  # by address: environment to folder

    def folders(self) -> Mapping[str, Sequence[Path]]:
        """Return environment to folders, in the order of the addresses."""
        found: dict[str, list[Path]] = {}
        for remote in self._remotes:
            for env, folder in self._served.get(remote.url, {}).items():
                found.setdefault(env, []).append(folder)
        return found

    def update(self) -> dict[str, str]:
        """Fetch all; return what went wrong, by address."""
        errors = {}
        for remote in self._remotes:
            try:
                self._served[remote.url] = self._update(remote)
            except (StoreError, OSError) as error:
                errors[remote.shown] = str(error)
                log.error("%s: %s", remote.shown, error, extra={"action": "git_not_updated"})
        return errors

    def stop(self) -> None:
        """End what git does at this moment, and let it begin nothing more."""
        self._git.stop()

    def _update(self, remote: _Remote) -> dict[str, Path]:
        mirror = remote.folder / "mirror.git"
        if not (mirror / "HEAD").is_file():
            shutil.rmtree(mirror, ignore_errors=True)
            remote.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._git.run("clone", "--quiet", "--mirror", "--", remote.url, str(mirror))
        else:
            self._git.run("--git-dir", str(mirror), "remote", "set-url", "origin", remote.url)
            self._git.run(
                "--git-dir", str(mirror), "fetch", "--quiet", "--prune", "--tags", "--force", "origin"
            )
        wanted = self._envs(mirror)
        served = {env: _export(self._git, remote, mirror, commit) for env, commit in wanted.items()}
        before = set(self._served.get(remote.url, {}).values())  # a reader may still be at these
        for old in remote.folder.iterdir():
            if _COMMIT.fullmatch(old.name) and old not in before and old not in served.values():
                shutil.rmtree(old, ignore_errors=True)
        return served

    def _envs(self, mirror: Path) -> dict[str, str]:
        """Return environment to commit."""
        refs = dict(
            _refs(self._git.run("--git-dir", str(mirror), "for-each-ref", "--format", _FORMAT, *_KINDS))
        )
        base = _OLD_BASE if self._base == _NEW_BASE and _NEW_BASE not in refs else self._base
        if base not in refs:
            raise StoreError(f"there is no branch {self._base}; name one as gitfs_base")
        found = {name: commit for name, commit in refs.items() if name != base}
        return {BASE: refs[base], **{name: commit for name, commit in found.items() if name != BASE}}


_KINDS: Final = ("refs/heads", "refs/tags")
_FORMAT: Final = "%(if)%(*objectname)%(then)%(*objectname)%(else)%(objectname)%(end) %(refname)"


def _refs(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        found = _REF.fullmatch(line)
        if found is None:
            continue
        try:
            yield check_env(found[2]), found[1]
        except WireError:
            log.warning("%s cannot be an environment", found[2], extra={"action": "git_ref_left_out"})


def _export(git: Git, remote: _Remote, mirror: Path, commit: str) -> Path:
    """Return the folder that has a commit's files."""
    folder = remote.folder / commit
    if folder.is_dir():
        return folder
    fresh = remote.folder / f".{commit}.new"
    index = remote.folder / f".{commit}.index"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    where = ("--git-dir", str(mirror), "--work-tree", str(fresh))
    try:
        git.run(*where, "read-tree", commit, index=index)
        git.run(*where, "checkout-index", "--all", "--force", index=index)
    finally:
        index.unlink(missing_ok=True)
    fresh.rename(folder)
    return folder
