"""A Jinja template rendered on the box: its grains, pillar, tags and execution functions are there.

Files that it includes come from the master, of the environment that `context` names as `saltenv`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from modules import nested
from modules.context import Context
from modules.file.content import MAX_EDIT_BYTES
from shoal.errors import ModuleError, UnknownFunctionError, WireError
from shoal.files.names import BASE, read_url
from shoal.functions.function import Function
from shoal.render.functions import Functions, Known, pure_functions
from shoal.render.names import place_variables
from shoal.render.source import Source
from shoal.render.views import View


def rendered(ctx: Context, source_text: str, path: str, context: Mapping[str, Any]) -> str:
    """Return what the template makes of the box and of `context`; `path` is its name for it. Raises RenderError."""
    from shoal.render.filters.machine import MACHINE_FILTERS  # jinja2 is 3 MiB; only templates need it
    from shoal.render.jinja import Templates
    from shoal.render.rendering import rendering

    env = str(context.get("saltenv", BASE))
    source = Source(name=path, path=path, text=source_text, key=source_text.encode("utf-8", "surrogatepass"))
    known = Known(
        id=lambda: ctx.minion_id, grains=ctx.grains, pillar=ctx.pillar, tags=ctx.tags, opts=ctx.settings,
        nodegroups=ctx.settings.get("nodegroups") or {},
    )  # fmt: skip
    with rendering():
        return Templates(_finder(ctx, env), MACHINE_FILTERS).text(
            source, _variables(ctx, known, path) | dict(context)
        )


def _variables(ctx: Context, known: Known, path: str) -> dict[str, Any]:
    functions = Functions(_AllFunctions(ctx, pure_functions(known)))
    return {
        **place_variables(path.lstrip("/"), path),
        "saltenv": BASE,
        "grains": View(ctx.grains),
        "pillar": View(ctx.pillar),
        "tags": View(ctx.tags),
        "opts": View(ctx.settings),
        "salt": functions,
        "shoal": functions,
    }


class _AllFunctions(Mapping[str, Callable[..., Any]]):
    """The functions of all boxes, and this box's execution modules."""

    def __init__(self, ctx: Context, pure: Mapping[str, Callable[..., Any]]) -> None:
        self._ctx = ctx
        self._pure = pure

    def __getitem__(self, name: str) -> Callable[..., Any]:
        if name in self._pure:
            return self._pure[name]
        try:
            found: Function = self._ctx.registry.get(name)
        except UnknownFunctionError:
            raise KeyError(name) from None
        return lambda *args, **kwargs: nested.call(self._ctx, found.name, args, kwargs)

    def __iter__(self) -> Iterator[str]:
        return iter({*self._pure, *self._ctx.registry.names()})

    def __len__(self) -> int:
        return len({*self._pure, *self._ctx.registry.names()})


def _finder(ctx: Context, env: str) -> Callable[[str], Source | None]:
    def find(name: str) -> Source | None:
        try:
            wanted, where = read_url(name, env)
        except WireError:
            return None
        info = ctx.files.find(where, wanted)
        if info is None or info.is_dir:
            return None
        if info.size > MAX_EDIT_BYTES:
            raise ModuleError(f"{wanted} has more than the {MAX_EDIT_BYTES} bytes that a template can have")
        data = ctx.files.fetch([info])[0].read_bytes()
        return Source(name=wanted, path=wanted, text=data.decode("utf-8", "surrogateescape"), key=info.digest)

    return find
