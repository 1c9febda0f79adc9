"""What may be handed to a package manager as a name, version, repository or file. Everything else is refused.

Package managers read more into a name than its letters: apt removes `nginx-`, takes `lib.*` for a regular
expression and `*` for everything; dnf knows `@group` and paths. So the patterns are strict.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from shoal.errors import ArgumentError

MAX_NAMES: Final = 1000
DEB: Final = re.compile(r"[a-z0-9][a-z0-9+.-]*[a-z0-9+.](:[a-z0-9][a-z0-9-]*)?")
RPM: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_+.~-]*")
APK: Final = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_+.-]*")
_VERSION: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+:~^_-]*")
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+-]*")
_GLOB: Final = re.compile(r"[A-Za-z0-9*?\[][A-Za-z0-9._+*?\[\]:-]*")


def checked(name: str, pattern: re.Pattern[str]) -> str:
    """Return `name`. Raises ArgumentError unless it is a package name."""
    if len(name) > 200 or not pattern.fullmatch(name):
        raise ArgumentError(f"{name[:200]!r} is not a package name")
    return name


def version(text: str) -> str:
    """Return `text`. Raises ArgumentError unless it is a version."""
    if len(text) > 200 or not _VERSION.fullmatch(text):
        raise ArgumentError(f"{text[:200]!r} is not a package version")
    return text


def repository(text: str) -> str:
    """Return `text`. Raises ArgumentError unless it is empty or the name of a repository or release."""
    if text and (len(text) > 200 or not _REPOSITORY.fullmatch(text)):
        raise ArgumentError(f"fromrepo: {text[:200]!r} is not the name of a repository")
    return text


def is_glob(text: str) -> bool:
    """Say whether `text` is a shell pattern for package names. Raises ArgumentError for a strange one."""
    if not any(each in text for each in "*?["):
        return False
    if len(text) > 200 or not _GLOB.fullmatch(text):
        raise ArgumentError(f"{text[:200]!r} is not a pattern of package names")
    return True


def split(name: str) -> list[str]:
    """Return the names of a text `a,b`."""
    return [each.strip() for each in name.split(",") if each.strip()]


def counted(names: Iterable[str]) -> list[str]:
    """Return the names, each once, in order. Raises ArgumentError for too many."""
    found = list(dict.fromkeys(names))
    if len(found) > MAX_NAMES:
        raise ArgumentError(f"{len(found)} packages in one call are too many; at most {MAX_NAMES}")
    return found


def package_file(path: str, suffix: str) -> str:
    """Return the path of a package file on the box. Raises ArgumentError for anything else."""
    if "://" in path:
        raise ArgumentError(f"{path}: only a package file on the box can be installed for now")
    if not path.startswith("/") or "\0" in path or not path.endswith(suffix):
        raise ArgumentError(f"{path!r} is not an absolute path to a {suffix} file")
    if not Path(path).is_file():
        raise ArgumentError(f"{path}: there is no such file on the box")
    return path


def file_path(path: str) -> str:
    """Return an absolute path to ask about. Raises ArgumentError for anything else."""
    if not path.startswith("/") or any(each in path for each in "\0\n"):
        raise ArgumentError(f"{path!r} is not an absolute path")
    return path
