"""What states of git need to know of a repository and its remote before they plan."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from modules.archive.unmaking import remove_members
from modules.context import Context
from modules.file.folders import makedirs
from modules.file.removing import remove
from modules.git.arguments import hidden, is_local
from modules.git.remotes import ls_remote
from modules.git.repository import clone
from modules.git.run import GitOptions, git
from shoal.errors import ModuleError
from states.plan import Call, Step, call

_SHA: Final = re.compile(r"[0-9a-f]{7,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How git is run. Spellings are Salt's."""

    user: str = ""  # "" = the minion's
    identity: str | list[str] = field(default_factory=list)  # private keys for ssh, on the box
    trust: bool = False  # work in a repository of another user

    def options(self, url: str = "") -> GitOptions:
        """Return what execution functions take, for this remote."""
        return GitOptions(user=self.user, identity=self.identity, trust=self.trust, local=is_local(url))

    def as_kwargs(self, url: str = "") -> dict[str, Any]:
        """Return it for a call."""
        given = {"user": self.user, "identity": self.identity, "trust": self.trust, "local": is_local(url)}
        return {key: value for key, value in given.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What a revision is in the remote. `told`: in words."""

    commit: str
    told: str
    branch: str = ""


def revision_of(ctx: Context, url: str, rev: str, remote: str, options: GitOptions) -> Revision | None:
    """Ask the remote for a revision, None if it has none of that name. Raises ModuleError."""
    try:
        refs = ls_remote(ctx, remote=url, options=options)
    except ModuleError as error:
        raise ModuleError(f"Failed to check remote refs: {error}") from None
    if rev == "HEAD" and "HEAD" in refs:
        return Revision(commit=refs["HEAD"], told="remote HEAD")
    if commit := refs.get(f"refs/heads/{rev}"):
        return Revision(commit=commit, told=f"{remote}/{rev}", branch=rev)
    if commit := refs.get(f"refs/tags/{rev}^{{}}") or refs.get(f"refs/tags/{rev}"):
        return Revision(commit=commit, told=rev)
    if _SHA.fullmatch(rev):
        full = [each for each in refs.values() if each.startswith(rev)]
        return Revision(commit=full[0] if full else rev, told=rev)
    return None


def is_repository(folder: str, options: GitOptions) -> bool:
    """Say whether a folder is a repository's own, checked out or bare; not only one below it. Raises ModuleError."""
    if not Path(folder).is_dir():
        return False
    if not Path(folder, ".git").exists() and not Path(folder, "HEAD").exists():
        return False
    return git(["rev-parse", "--git-dir"], folder, options).retcode == 0


def is_free(folder: str) -> bool:
    """Say whether there is nothing, or an empty folder."""
    path = Path(folder)
    return (not path.exists() and not path.is_symlink()) or (path.is_dir() and not any(path.iterdir()))


def clone_steps(url: str, target: str, access: Access, opts: list[str]) -> tuple[Step, ...]:
    """Return the steps that clone; the last is the clone itself."""
    do = call(clone, cwd=target, url=url, opts=" ".join(opts), **access.as_kwargs(url))
    return fresh_steps(do, target, access.user)


def fresh_steps(do: Call, target: str, user: str) -> tuple[Step, ...]:
    """Return the steps of making a repository in a folder that is free.

    On the way back it goes, and the new folders above it where they are empty by then.
    """
    if Path(target).exists():
        return (Step(do=do, final=f"{target} was there already, and empty"),)
    made = Step(do=do, undo=call(remove, path=target))
    above = [str(each) for each in Path(target).parents if not each.exists()]
    if not above:
        return (made,)
    rest = call(remove_members, dest=str(Path(above[-1]).parent), names=[], made=above)
    return Step(do=call(makedirs, path=target, user=user), undo=rest), made


def shown(url: str) -> str:
    """Return an address without its login."""
    return hidden(url)
