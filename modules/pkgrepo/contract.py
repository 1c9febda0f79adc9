"""What a hand must be able to do with repositories, and how one may be described."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from modules.text_file import delete, edit_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RepoOptions:
    """What a repository is to be. What is left out stays as it is, or is the package manager's default."""

    disabled: bool | None = None
    file: str = ""  # "" = where it is, or a new file of its own
    refresh: bool = True  # fetch the lists when something changed
    comps: list[str] = field(default_factory=list)  # apt
    architectures: list[str] = field(default_factory=list)  # apt
    signedby: str = ""  # apt: path of a key on the box
    key_text: str = ""  # apt: the key itself, put into the folder for keys
    key_url: str = ""  # apt: path of a key on the box, copied into the folder for keys
    trusted: bool | None = None  # apt: true = use it unsigned
    format: Literal["deb822", "list"] = "deb822"  # apt: form of a new file
    name: str = ""  # dnf: what people call it
    baseurl: str = ""  # dnf
    mirrorlist: str = ""  # dnf
    metalink: str = ""  # dnf
    gpgkey: str = ""  # dnf
    gpgcheck: bool | None = None  # dnf; a new repository is checked unless said
    tag: str = ""  # apk
    settings: dict[str, str] = field(default_factory=dict)  # apt, dnf: further options by their own name


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What makes a repository what is asked: the files with their new contents, None = it goes."""

    files: Mapping[Path, bytes | None]
    shown: Mapping[str, Any] = field(default_factory=dict)  # the repository afterwards, as `get` returns it

    def made(self) -> bool:
        """Write the files; return whether anything changed. Raises ModuleError."""
        written = [_written(path, data) for path, data in self.files.items()]
        return any(written)


def _written(path: Path, data: bytes | None) -> bool:
    if data is not None:
        return edit_bytes(path, lambda _: data)
    was_there = path.exists()
    delete(path)
    return was_there


class Repositories(Protocol):
    """The repositories of one package manager."""

    def all(self) -> dict[str, Any]:
        """Return every repository, in the shape that Salt has for this package manager."""

    def get(self, repo: str) -> dict[str, Any]:
        """Return one repository, {} if there is none. Raises ArgumentError if `repo` cannot be read."""

    def edit(self, repo: str, options: RepoOptions) -> Edit:
        """Return what makes the repository what the options say. Raises ArgumentError."""

    def removal(self, repo: str) -> Edit:
        """Return what removes it; an edit of no files if there is none."""


def without_password(text: str) -> str:
    """Return a text for a message, without the password of an address."""
    return re.sub(r"//[^/\s@]*@", "//******@", text)
