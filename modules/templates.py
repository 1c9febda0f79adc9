"""Jinja templates rendered on the box, with its grains, its pillar and its execution functions (`salt[...]`).

The same sandbox and bounds as for pillar; what grains and pillar say is data and is not rendered itself. Functions are
run as `nested` does, so what the box refuses is refused here too. Their time is not the template's.

No value of the pillar gets into an error. Loads Jinja, so it is for a job's own process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from modules import nested
from modules.context import Context
from shoal.errors import ModuleError, RenderError, UnknownFunctionError, WireError
from shoal.files.digest import Digest
from shoal.files.messages import FileInfo
from shoal.files.names import check_name
from shoal.secret import STARS

_TRIES: Final = 3  # for a file that changes on the master, or is damaged in the cache
_SHORT: Final = 6  # characters; what is shorter is no secret, and stands in many a sentence


def render_text(ctx: Context, text: str, env: str, what: str) -> str:
    """Return what a text makes, which somebody has given as `what`. Raises ModuleError."""
    from shoal.render.source import Source  # with what `_render` loads

    source = Source(name=what, path=what, text=text, key=Digest(text.encode("utf-8", "replace")).final())
    return _render(ctx, source, env, {})


def render_file(
    ctx: Context, name: str, env: str, variables: Mapping[str, Any]
) -> tuple[str, FileInfo] | None:
    """Return what a file of the master makes, and the file; None if there is none. Raises ModuleError."""
    found = read_template(ctx, env, name)
    if found is None:
        return None
    source, info = found
    return _render(ctx, source, env, variables), info


def _render(ctx: Context, source: Any, env: str, variables: Mapping[str, Any]) -> str:
    from shoal.render.jinja import Templates  # jinja2 is 3 MiB: only a job that renders has it
    from shoal.render.rendering import rendering

    def find(name: str) -> Any:
        found = read_template(ctx, env, name)
        return found[0] if found else None

    try:
        with rendering():
            return Templates(find).text(source, {**known_names(ctx, source, env), **variables})
    except RenderError as error:
        raise ModuleError(without_values(str(error), ctx.pillar)) from None


def read_template(ctx: Context, env: str, name: str) -> tuple[Any, FileInfo] | None:
    """Return a file of the master as a template, and what is known of it. Raises ModuleError."""
    from shoal.render.source import Source
    from shoal.render.yaml import MAX_TEXT

    try:
        check_name(name)
    except WireError as error:
        raise ModuleError(str(error)) from None
    for _ in range(_TRIES):
        info = ctx.files.find(env, name)
        if info is None or info.is_dir:
            return None
        if info.size > MAX_TEXT:
            raise ModuleError(f"{name} has {info.size} bytes; a template may have {MAX_TEXT}")
        data = _content(ctx, info)
        if data is None:
            continue
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ModuleError(f"{name} is no template: it is not UTF-8") from None
        return Source(name=name, path=f"shoal://{name}", text=text, key=info.digest), info
    raise ModuleError(f"{name}: it changes on the master each time it is fetched")


def _content(ctx: Context, info: FileInfo) -> bytes | None:
    """Return the content of a file, None if it is another one by now."""
    try:
        (path,) = ctx.files.fetch([info])
    except ModuleError as error:
        if "changed" in str(error):
            return None
        raise
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        return None
    if Digest(data).final() == info.digest:
        return data
    ctx.files.drop(info)
    return None


def known_names(ctx: Context, source: Any, env: str, sls: str = "") -> dict[str, Any]:
    """Return what a template on the box may see."""
    from shoal.render.functions import Functions, Known, pure_functions
    from shoal.render.names import place_variables
    from shoal.render.views import View

    opts = {
        "id": ctx.minion_id,
        "saltenv": env,
        "pillarenv": "",
        "cachedir": ctx.settings.get("cachedir", ""),
    }
    maps = {
        "grains": View(ctx.grains),
        "pillar": View(ctx.pillar),
        "tags": View(ctx.tags),
        "opts": View(opts),
    }
    pure = pure_functions(
        Known(id=lambda: ctx.minion_id, nodegroups=ctx.settings.get("nodegroups", {}), **maps)
    )
    return {
        **place_variables(source.name, source.path, sls),
        **maps,
        "salt": Functions(_Reachable(ctx, pure)),
        "id": ctx.minion_id,
        "minion_id": ctx.minion_id,
        "saltenv": env,
        "env": env,
        "pillarenv": "",
    }


class _Reachable(Mapping[str, Callable[..., Any]]):
    """The functions of templates: the pure ones, then the box's own."""

    def __init__(self, ctx: Context, pure: Mapping[str, Callable[..., Any]]) -> None:
        self._ctx = ctx
        self._pure = pure

    def __getitem__(self, name: str) -> Callable[..., Any]:
        if name in self._pure:
            return self._pure[name]
        try:
            self._ctx.registry.get(name)
        except UnknownFunctionError:
            raise KeyError(name) from None
        return lambda *args, **kwargs: self._call(name, args, kwargs)

    def __iter__(self) -> Iterator[str]:
        return iter({*self._pure, *self._ctx.registry.names()})

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _call(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        from shoal.render.rendering import current

        began = time.monotonic()
        try:
            return nested.call(self._ctx, name, args, kwargs)
        finally:
            current().deadline += time.monotonic() - began


def without_values(text: str, pillar: Any) -> str:
    """Return `text` with stars for values of the pillar: an exception may quote what it could not use."""
    for value in sorted(set(_texts(pillar)), key=len, reverse=True):
        text = text.replace(value, STARS)
    return text


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, (str, int, float)) and len(str(value)) >= _SHORT:
        yield str(value)
