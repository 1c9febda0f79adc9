"""SLS files as the box is served them, and rendered with what it knows of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modules.context import Context
from modules.templates import known_names, read_template, without_values
from shoal.errors import ModuleError, RenderError
from shoal.render.names import sls_files
from shoal.render.renderer import Renderer
from shoal.render.source import Source
from shoal.render.yaml import Document

_ENDING = ".sls"


class Served:
    """The files of `ctx`. Serves `sls.Tree`; `render` is what `sls.Reader` renders by."""

    def __init__(self, ctx: Context, *, may_run_python: bool = False) -> None:
        self._ctx = ctx
        self._names: dict[str, list[str]] = {}
        self._env = ""
        self._renderer = Renderer(self._included, may_run_python=may_run_python)

    def names(self, env: str) -> Sequence[str]:
        """Return the dotted names of all SLS files of an environment."""
        if env not in self._names:
            files = (info.name for info in self._ctx.files.walk(env) if info.name.endswith(_ENDING))
            bare = (name.removesuffix(_ENDING).removesuffix("/init") for name in files)
            self._names[env] = sorted({name.replace("/", ".") for name in bare})
        return self._names[env]

    def find(self, env: str, sls: str) -> Source | None:
        """Return the file of a dotted name. Raises RenderError, ModuleError."""
        for name in sls_files(sls):
            found = read_template(self._ctx, env, name)
            if found is not None:
                return found[0]  # type: ignore[no-any-return]
        return None

    def file(self, env: str, name: str) -> Source | None:
        """Return a file by its own name."""
        found = read_template(self._ctx, env, name)
        return None if found is None else found[0]

    def render(self, source: Source, sls: str, env: str, more: Mapping[str, Any] | None = None) -> Document:
        """Return what a file says on this box. Raises RenderError, without values of the pillar."""
        self._env = env
        variables = {**known_names(self._ctx, source, env, sls), **(more or {})}
        try:
            return self._renderer.render(source, variables)
        except ModuleError as error:
            raise RenderError(without_values(str(error), self._ctx.pillar), file=source.path) from None

    def _included(self, name: str) -> Source | None:
        return self.file(self._env, name)
