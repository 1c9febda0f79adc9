"""The hand for Alpine's one file of repositories: an address a line, with a tag before it if it has one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from modules.file.content import to_bytes
from modules.pkgrepo.contract import Edit, RepoOptions, without_password
from modules.text_file import read_text, text_of
from shoal.errors import ArgumentError

FILE = Path("/etc/apk/repositories")
_LINE: Final = re.compile(r"(?P<off>#\s*)?(?:@(?P<tag>\S+)\s+)?(?P<address>(?:https?://|ftp://|/)\S+)\s*")
_ADDRESS: Final = re.compile(r"(https?://|ftp://|/)[!-~]+")
_TAG: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_USED: Final = frozenset({"disabled", "tag", "refresh", "file"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One repository."""

    address: str
    tag: str = ""
    disabled: bool = False

    def text(self) -> str:
        """Return the line."""
        return ("#" if self.disabled else "") + (f"@{self.tag} " if self.tag else "") + self.address

    def shown(self) -> dict[str, Any]:
        """Return the repository as an answer."""
        return {
            "uri": self.address,
            "tag": self.tag,
            "disabled": self.disabled,
            "file": str(FILE),
            "line": self.text(),
        }


class ApkRepositories:
    """Repositories as `contract` has them. A repository is named by its address."""

    def all(self) -> dict[str, Any]:
        """Return lists by address."""
        found: dict[str, list[dict[str, Any]]] = {}
        for each in filter(None, map(read_line, read_text(FILE).splitlines())):
            found.setdefault(each.address, []).append(each.shown())
        return found

    def get(self, repo: str) -> dict[str, Any]:
        """See `contract`."""
        found: list[dict[str, Any]] = self.all().get(_checked(repo), [])
        return next(iter(sorted(found, key=lambda each: bool(each["disabled"]))), {})

    def edit(self, repo: str, options: RepoOptions) -> Edit:
        """See `contract`."""
        for name in RepoOptions.__dataclass_fields__:
            if name not in _USED and getattr(options, name) != getattr(RepoOptions(), name):
                raise ArgumentError(f"{name}: apk has no such option")
        if options.file not in ("", str(FILE)):
            raise ArgumentError(f"file: apk has its repositories in {FILE} only")
        if options.tag and not _TAG.fullmatch(options.tag):
            raise ArgumentError(f"tag: {options.tag!r} cannot be a tag")
        before = self.get(repo)
        disabled = before.get("disabled", False) if options.disabled is None else options.disabled
        wanted = Line(address=repo, tag=options.tag or before.get("tag", ""), disabled=disabled)
        lines = read_text(FILE).splitlines()
        place = next((i for i, line in enumerate(lines) if line == before.get("line")), len(lines))
        if place == len(lines):  # spelled with more spaces than we would
            place = next((i for i, line in enumerate(lines) if _is(line, repo)), place)
        lines[place : place + 1] = [wanted.text()]
        return Edit(files={FILE: to_bytes(text_of(lines))}, shown=wanted.shown())

    def removal(self, repo: str) -> Edit:
        """See `contract`."""
        if not self.get(repo):
            return Edit(files={})
        lines = [line for line in read_text(FILE).splitlines() if not _is(line, repo)]
        return Edit(files={FILE: to_bytes(text_of(lines))})


def read_line(text: str) -> Line | None:
    """Read a line, a disabled one too; None for prose."""
    match = _LINE.fullmatch(text.strip())
    if not match:
        return None
    return Line(address=match["address"], tag=match["tag"] or "", disabled=match["off"] is not None)


def _is(text: str, repo: str) -> bool:
    line = read_line(text)
    return line is not None and line.address == repo


def _checked(repo: str) -> str:
    if len(repo) > 1000 or not _ADDRESS.fullmatch(repo):
        raise ArgumentError(f"{without_password(repo[:200])!r} is not the address of a repository")
    return repo
