"""The steps that file states are made of, each with its way back."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modules.file import folders, links, putting, removing, taking
from modules.file import perms as permissions
from modules.file.kept_store import MAX_CONTENT
from modules.file.place import shown
from shoal.errors import ModuleError
from shoal.files.digest import Digest
from states.file.paths import Now
from states.file.perms import Perms, as_it_is
from states.plan import Step, call

_TOO_LARGE = "what was there is too large to be kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A content that a file is to have, and what `file.put` takes to get it. `data`: None if it is too large."""

    digest: str
    put: Mapping[str, Any] = field(default_factory=dict)
    data: bytes | None = None
    mode: int = -1  # of the source


def inline(data: bytes) -> Content:
    """Return a content that is written into the step itself."""
    digest = Digest(data).final().hex()
    try:
        return Content(digest=digest, put={"content": data.decode()}, data=data)
    except UnicodeDecodeError:
        return Content(digest=digest, put={"base64": base64.b64encode(data).decode()}, data=data)


def put(now: Now, content: Content, wanted: Perms, **more: Any) -> Step:
    """Return the step that gives a file, or nothing, its content, owner and mode."""
    was = now.digest if now.there else putting.NOTHING
    path = text_of(now.path)
    do = call(putting.put, path, **content.put, was=was, **wanted.as_kwargs(), **_given(more))
    if not now.there:
        return Step(do=do, undo=call(removing.remove, text_of(now.target)))
    if now.size > MAX_CONTENT:
        return Step(do=do, final=_TOO_LARGE)
    return Step(do=do, undo=call(putting.put, path, kept=now.digest, **as_it_is(now)))


def dress(wanted: Mapping[Path, tuple[Now, Mapping[str, Any]]]) -> Step:
    """Return the step that gives owners and modes: by path what is there, and what is wanted of it."""
    new = {text_of(path): dict(given) for path, (_, given) in wanted.items()}
    old = {text_of(path): _before(now, given) for path, (now, given) in wanted.items()}
    return Step(do=call(permissions.set_perms, new), undo=call(permissions.set_perms, old))


def take_away(path: Path) -> Step:
    """Return the step that removes what is there."""
    found = taking.look(path)
    if found.too_large:
        return Step(do=call(removing.remove, str(path)), final=found.too_large)
    return Step(
        do=call(taking.take_away, str(path), found.known),
        undo=call(taking.bring_back, str(path), found.known),
    )


def make_folders(path: Path, wanted: Perms) -> list[Step]:
    """Return the steps that make a folder and those above it, as far as they are missing."""
    missing = [each for each in (path, *path.parents) if not each.is_dir()]
    return [make_folder(each, wanted) for each in reversed(missing)]


def make_folder(path: Path, wanted: Perms) -> Step:
    """Return the step that makes one folder."""
    return Step(do=call(folders.mkdir, str(path), **wanted.as_kwargs()), undo=call(folders.rmdir, str(path)))


def make_link(path: Path, target: str) -> Step:
    """Return the step that makes a symbolic link where nothing is."""
    return Step(do=call(links.symlink, target, str(path)), undo=call(removing.remove, str(path)))


def text_of(path: Path) -> str:
    """Return a path as an argument of a call. Raises ModuleError for a name that is no UTF-8: it could not travel."""
    text = str(path)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ModuleError(
            f"{shown(text)}: states leave a name alone that is not UTF-8; see to it by hand"
        ) from None
    return text


def folder_perms(mode: int, wanted: Perms) -> Perms:
    """Return the owner and mode of folders made for a file: who may read it may enter them."""
    if mode < 0 and wanted.mode >= 0:
        mode = wanted.mode & 0o777
        mode |= (mode & 0o444) >> 2
    return Perms(mode=mode, user=wanted.user, group=wanted.group)


def _before(now: Now, given: Mapping[str, Any]) -> dict[str, Any]:
    if given.get("link"):
        return {"user": str(now.uid), "group": str(now.gid), "link": True}
    return as_it_is(now)


def _given(more: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in more.items() if value not in ("", None, False)}
