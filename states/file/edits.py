"""What all states have in common that change the text of a file: read it, and plan the new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modules.context import Context
from modules.file.content import MAX_EDIT_BYTES, to_bytes, to_text
from shoal.errors import ModuleError, RenderError
from shoal.files.names import BASE, is_served, read_url
from states.file import sources, steps
from states.file.answers import planned
from states.file.claims import claim
from states.file.paths import Now, absolute_path, look
from states.file.perms import Perms
from states.file.rendered import rendered
from states.plan import Plan, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSources:
    """Where lines come from that are not in the SLS itself. Spellings are Salt's."""

    source: str | None = None
    source_hash: str | None = None
    sources: list[Any] | None = None
    source_hashes: list[str] | None = None
    template: str | None = "jinja"
    context: dict[str, Any] | None = None
    defaults: dict[str, Any] | None = None
    saltenv: str = BASE

    def texts(self, ctx: Context) -> list[str]:
        """Return the text of each source. Raises ModuleError."""
        given = [self.source] if self.source else []
        hashes = [self.source_hash or ""] if self.source else list(self.source_hashes or ())
        if self.sources:
            given += self.sources
        hashes += [""] * (len(given) - len(hashes))
        return [self._text(ctx, str(name), hashed) for name, hashed in zip(given, hashes, strict=False)]

    def _text(self, ctx: Context, source: str, hashed: str) -> str:
        trusted = sources.SourceOptions(source_hash=hashed, saltenv=self.saltenv)
        text = sources.text_of(ctx, source, trusted)
        if not self.template:
            return text
        if self.template != "jinja":
            raise ModuleError(f"Specified template format {self.template} is not supported")
        path = read_url(source, self.saltenv)[0] if is_served(source) else source
        more = {"saltenv": self.saltenv, "source": source, **(self.defaults or {}), **(self.context or {})}
        try:
            return rendered(ctx, text, path, more)
        except RenderError as error:
            raise ModuleError(str(error)) from None


def read(ctx: Context, name: str, *, create: bool = False) -> Now:
    """Return what is at a path: a file that can be edited, or nothing if it may be made. Raises ModuleError."""
    path = absolute_path(name)
    claim(ctx, str(path))
    now = look(path)
    if not now.there:
        if create:
            return now
        raise ModuleError(f"{name}: file not found")
    if now.kind != "file":
        raise ModuleError(f"{name} is of type {now.kind}, not a file")
    if now.data is None:
        raise ModuleError(f"{name} has more than the {MAX_EDIT_BYTES} bytes that are edited")
    return now


def text_of(now: Now) -> str:
    """Return the text of a file, "" where none is; bytes that are no text come through an edit as they are."""
    return to_text(now.data or b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What is said of an edit; see `planned`."""

    did: str
    would: str
    changes: Mapping[str, Any]
    predicted: Mapping[str, Any] | None = None
    verify: bool = True


def edited(
    now: Now,
    after: str,
    telling: Telling,
    *,
    backup: bool | str = False,
    wanted: Perms | None = None,
    before: Sequence[Step] = (),
) -> Plan:
    """Return the plan that gives a file another text."""
    step = steps.put(now, steps.inline(to_bytes(after)), wanted or Perms(), backup=backup)
    return planned(
        [*before, step],
        telling.changes,
        did=telling.did,
        would=telling.would,
        predicted=telling.predicted,
        verify=telling.verify,
    )


def folders_for(path: Path, *, makedirs: bool) -> list[Step]:
    """Return the steps that make the folder of a file."""
    return steps.make_folders(path.parent, Perms()) if makedirs else []
