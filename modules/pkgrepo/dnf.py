"""The hand for `.repo` files of dnf and yum. A repository is named by its id; other lines stay as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from modules.file.content import to_bytes
from modules.pkgrepo.contract import Edit, RepoOptions
from modules.text_file import read_text, text_of
from shoal.errors import ArgumentError, ModuleError

FOLDER = Path("/etc/yum.repos.d")
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]*")
_KEY: Final = re.compile(r"[a-z][a-z0-9_]*")
_SECTION: Final = re.compile(r"\[([^\]]+)\]\s*")
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\.repo")
_ADDRESSES: Final = ("baseurl", "mirrorlist", "metalink")


class RepoFiles:
    """Repositories as `contract` has them."""

    def all(self) -> dict[str, Any]:
        """Return the options of each repository by id, as texts, with the `file`."""
        return {name: {**values, "file": str(path)} for path, name, values in self._every()}

    def get(self, repo: str) -> dict[str, Any]:
        """See `contract`."""
        found: dict[str, Any] = self.all().get(_checked_id(repo), {})
        return found

    def edit(self, repo: str, options: RepoOptions) -> Edit:
        """See `contract`."""
        for name in ("comps", "architectures", "signedby", "key_text", "key_url", "tag"):
            if getattr(options, name):
                raise ArgumentError(f"{name}: a .repo file has no such option")
        before = self.get(repo)
        wanted = _settings(options)
        if not before:
            if not any(wanted.get(name) for name in _ADDRESSES):
                raise ArgumentError(f"{repo}: a new repository needs baseurl, mirrorlist or metalink")
            wanted = {"name": repo, "enabled": "1", "gpgcheck": "1"} | wanted
        path = Path(before["file"]) if before else self._target(repo, options)
        if before and options.file and path != self._target(repo, options):
            raise ArgumentError(f"{repo} is in {path}; delete it first to have it in another file")
        text = put_section(read_text(path), repo, wanted)
        shown = {**dict(sections(text))[repo], "file": str(path)}
        return Edit(files={path: to_bytes(text)}, shown=shown)

    def removal(self, repo: str) -> Edit:
        """See `contract`."""
        file = str(self.get(repo).get("file", ""))
        if not file:
            return Edit(files={})
        text = drop_section(read_text(file), repo)
        return Edit(files={Path(file): to_bytes(text) if any(True for _ in sections(text)) else None})

    def _target(self, repo: str, options: RepoOptions) -> Path:
        path = Path(options.file) if options.file else FOLDER / f"{repo.replace(':', '-')}.repo"
        if path.parent != FOLDER or not _FILE_NAME.fullmatch(path.name):
            raise ArgumentError(f"file: {path} is not a .repo file in {FOLDER}")
        return path

    def _every(self) -> Iterator[tuple[Path, str, dict[str, str]]]:
        try:
            files = sorted(path for path in FOLDER.iterdir() if _FILE_NAME.fullmatch(path.name))
        except FileNotFoundError:
            return
        except OSError as error:
            raise ModuleError(f"{FOLDER} cannot be read: {error.strerror}") from None
        for path in files:
            for name, values in sections(read_text(path)):
                if name != "main":
                    yield path, name, values


def sections(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each section with its options; an indented line goes on with the value above it."""
    name, values, key = "", dict[str, str](), ""
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith(("#", ";")):
            continue
        if match := _SECTION.fullmatch(line):
            if name:
                yield name, values
            name, values, key = match[1], {}, ""
        elif line[0] in " \t" and key:
            values[key] = f"{values[key]}\n{line.strip()}".strip()
        elif "=" in line:
            key, _, value = (part.strip() for part in line.partition("="))
            values[key] = value
    if name:
        yield name, values


def put_section(text: str, repo: str, wanted: dict[str, str]) -> str:
    """Return the text with these options in a section, which is made if it is not there."""
    lines = text.splitlines()
    start, end = _range(lines, repo)
    if start < 0:
        lines += [*([""] if lines else []), f"[{repo}]"]
        start, end = len(lines) - 1, len(lines)
    body: list[str] = []
    left, dropping = dict(wanted), False
    for line in lines[start + 1 : end]:
        if line[:1] in (" ", "\t") and line.strip() and dropping:
            continue
        key, equals, value = (part.strip() for part in line.partition("="))
        dropping = bool(equals) and key in wanted and not line.startswith(("#", ";"))
        if not dropping:
            body.append(line)
        elif key in left:
            body.append(line if value == left[key] else f"{key}={left[key]}")
            del left[key]
    while body and not body[-1].strip():
        body.pop()
    body += [f"{key}={value}" for key, value in left.items()]
    rest = lines[end:]
    return text_of([*lines[: start + 1], *body, *([""] if rest else []), *rest])


def drop_section(text: str, repo: str) -> str:
    """Return the text without a section."""
    lines = text.splitlines()
    start, end = _range(lines, repo)
    return text_of(lines[:start] + lines[end:] if start >= 0 else lines)


def _range(lines: list[str], repo: str) -> tuple[int, int]:
    """Return where a section begins and the next one does, (-1, -1) if there is none."""
    heads = [(i, match[1]) for i, line in enumerate(lines) if (match := _SECTION.fullmatch(line))]
    for (start, name), (end, _) in zip(heads, [*heads, (len(lines), "")][1:], strict=True):
        if name == repo:
            return start, end
    return -1, -1


def _settings(options: RepoOptions) -> dict[str, str]:
    found = {
        name: getattr(options, name) for name in ("name", *_ADDRESSES, "gpgkey") if getattr(options, name)
    }
    if options.disabled is not None:
        found["enabled"] = "0" if options.disabled else "1"
    if options.gpgcheck is not None:
        found["gpgcheck"] = "1" if options.gpgcheck else "0"
    found |= options.settings
    for key, value in found.items():
        if not _KEY.fullmatch(key) or not value.isprintable():
            raise ArgumentError(f"{key!r} with its value cannot be an option of a repository")
    return found


def _checked_id(repo: str) -> str:
    if len(repo) > 200 or repo == "main" or not _ID.fullmatch(repo):
        raise ArgumentError(f"{repo[:200]!r} is not the id of a repository")
    return repo
