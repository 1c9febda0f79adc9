"""Where the content of a file comes from: the master's files, the box's own, or a web server.

A list of sources means the first that is there; an entry may be a map of a source and its check sum.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from modules.context import Context
from modules.cp import url as urls
from modules.cp.files import hash_file
from modules.file.hashes import check_hash
from shoal.errors import ModuleError, WireError
from shoal.files.names import BASE, is_served, read_url
from states.file.paths import Now, look
from states.file.steps import Content

_WEB: Final = ("http://", "https://")
_MODES: Final = 0o777  # a source speaks for nobody: no set-user-id


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOptions:
    """How a source is trusted. Spellings are Salt's."""

    source_hash: str = ""
    source_hash_name: str = ""
    skip_verify: bool = False
    saltenv: str = BASE


Given = str | list[Any] | None


def chosen(ctx: Context, source: Given, options: SourceOptions) -> tuple[str, SourceOptions]:
    """Return the source that is meant. Raises ModuleError when none of a list is there."""
    if isinstance(source, str):
        return source, options
    for entry in source or ():
        name, given = next(iter(entry.items())) if isinstance(entry, dict) and entry else (entry, "")
        name = str(name)
        if _is_there(ctx, name, options.saltenv):
            return name, replace(options, source_hash=str(given)) if given else options
    raise ModuleError("none of the specified sources were found")


def content_of(ctx: Context, source: str, options: SourceOptions, now: Now | None = None) -> Content | None:
    """Return a source's content; None when `now` has the check sum already. Raises ModuleError in Salt's words."""
    if is_served(source):
        return _served(ctx, source, options.saltenv)
    if source.lower().startswith(_WEB):
        return _fetched(ctx, source, options, now)
    if source.startswith("file://"):
        source = source.removeprefix("file://")
    if not source.startswith("/"):
        raise ModuleError(f"Source {source} is not salt://, shoal://, http://, https:// or an absolute path")
    found = look(Path(source))
    if not found.there:
        raise ModuleError(f"Local file source {source} does not exist")
    if found.kind != "file":
        raise ModuleError(f"Local file source {source} is of type {found.kind}, not a file")
    return _content(found, {"source": source})


def text_of(ctx: Context, source: str, options: SourceOptions) -> str:
    """Return a source as text, for a template or lines. Raises ModuleError."""
    return as_text(source, content_of(ctx, source, options))


def as_text(source: str, content: Content | None) -> str:
    """Return a content as text. Raises ModuleError."""
    if content is None or content.data is None:
        raise ModuleError(f"{source} is too large for that")
    try:
        return content.data.decode()
    except UnicodeDecodeError:
        raise ModuleError(f"{source} is no text") from None


def _served(ctx: Context, source: str, env: str) -> Content:
    try:
        name, env = read_url(source, env)
    except WireError as error:
        raise ModuleError(str(error)) from None
    info = ctx.files.find(env, name)
    if info is None or info.is_dir:
        raise ModuleError(f"Source file {source} not found in saltenv '{env}'")
    found = look(ctx.files.fetch([info])[0])
    put = {"source": source, "saltenv": env}
    content = _content(found, put)
    return Content(digest=content.digest, put=content.put, data=content.data, mode=info.mode & _MODES)


def _fetched(ctx: Context, source: str, options: SourceOptions, now: Now | None) -> Content | None:
    """Fetch to a place of its own, look, and forget it: the step fetches it again."""
    wanted = _hash_of(ctx, source, options)
    if not wanted and not options.skip_verify:
        raise ModuleError(
            f"Unable to verify upstream hash of source file {source}, please set source_hash or set skip_verify to True"
        )
    if wanted and now is not None and now.kind == "file" and check_hash(ctx, str(now.path), wanted):
        return None
    import tempfile  # only for what comes from a web server

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "fetched")
        urls.get_url(ctx, source, str(target), options=urls.UrlOptions(source_hash=wanted))
        return _content(look(target), {"source": source, "source_hash": wanted}, mode=-1)


def _content(found: Now, put: dict[str, Any], mode: int | None = None) -> Content:
    put = {**put, "digest": found.digest}
    return Content(
        digest=found.digest, put=put, data=found.data, mode=found.mode & _MODES if mode is None else mode
    )


def _hash_of(ctx: Context, source: str, options: SourceOptions) -> str:
    """Return the check sum of a source: as it is given, or out of a file of check sums. Raises ModuleError."""
    given = options.source_hash
    if not (is_served(given) or given.startswith("/") or given.lower().startswith(_WEB)):
        return given
    text = (
        urls.get_url(ctx, given)
        if given.lower().startswith(_WEB)
        else text_of(ctx, given, SourceOptions(saltenv=options.saltenv))
    )
    name = options.source_hash_name or source.rpartition("/")[2]
    lines = [line.split() for line in text.splitlines() if line.strip()]
    for words in lines:
        if len(words) > 1 and words[-1].lstrip("*./").rpartition("/")[2] == name.rpartition("/")[2]:
            return words[0]
    if len(lines) == 1 and len(lines[0]) == 1:
        return lines[0][0]
    raise ModuleError(f"{given} has no check sum for {name}")


def _is_there(ctx: Context, source: str, env: str) -> bool:
    if is_served(source):
        return bool(hash_file(ctx, source, env))
    if source.lower().startswith(_WEB):
        return True
    return Path(source.removeprefix("file://")).is_file()
