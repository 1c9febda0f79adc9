"""Jinja as Salt sets it up: sandboxed and strict, with the tags and filters of Salt, over the files of a caller.

`Templates` keeps what it has compiled, by the key of the text; the caller's function says each time which text a name
has now. Names may begin with `salt://` or `shoal://`; `./` and `../` are relative to the file that names them.
"""

from __future__ import annotations

import posixpath
from collections import OrderedDict
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final, NoReturn

from jinja2 import BaseLoader, Template, TemplateError, TemplateNotFound, pass_context
from jinja2.runtime import Context

from shoal.errors import RenderError
from shoal.files.names import SCHEMES
from shoal.render.failures import explained
from shoal.render.filters import FILTERS, TESTS
from shoal.render.rendering import MAX_OUTPUT, current, volatile
from shoal.render.sandbox import Sandbox
from shoal.render.source import FindSource, Source
from shoal.render.tags import DataTags
from shoal.render.undefined import Strict
from shoal.render.views import Lazy

_MAX_COMPILED: Final = 5000
_MAX_PARTS: Final = 2_000_000


class Templates:
    """See the module docstring. Not for several threads at once."""

    def __init__(self, find: FindSource, filters: Mapping[str, Callable[..., Any]] | None = None) -> None:
        """`filters` are the caller's own: what reads this machine's files or the network is not there without."""
        self._environment = _Environment(
            loader=_Loader(find),
            undefined=Strict,
            extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols", DataTags],
            cache_size=0,  # the loader keeps them, and asks which text is current
        )
        self._environment.context_class = _Context
        self._environment.filters.update({**FILTERS, **(filters or {})})
        self._environment.tests.update(TESTS)
        self._environment.globals.update({"raise": _raise, "show_full_context": _show_full_context})
        self._loader: _Loader = self._environment.loader  # type: ignore[assignment]

    def text(self, source: Source, variables: Mapping[str, Any]) -> str:
        """Return what the template `source` makes of `variables`. Raises RenderError."""
        rendering = current()
        rendering.loaded(source.name, source)
        try:
            template = self._loader.template(self._environment, source, None)
            return _write(template, variables, source.text.endswith("\n"))
        except Exception as error:
            # Filters and functions raise what they like: it is the template that has failed.
            raise explained(error, source, rendering.sources, variables) from None


def _write(template: Template, variables: Mapping[str, Any], newline: bool) -> str:
    parts: list[str] = []
    size = 0
    context = template.new_context(dict(variables))
    try:
        for part in template.root_render_func(context):
            size += len(part)
            if size > MAX_OUTPUT or len(parts) > _MAX_PARTS:
                raise RenderError(f"the template makes more than {MAX_OUTPUT} characters")
            parts.append(part)
    except Exception:
        template.environment.handle_exception()  # puts the template's own lines into the traceback
    # Jinja drops the newline at a file's end, and Salt adds it again, of the outermost file only.
    return "".join(parts) + ("\n" if newline else "")


class _Environment(Sandbox):
    """Lets a file name others relative to itself."""

    def join_path(self, template: str, parent: str) -> str:
        if not template.startswith(("./", "../")):
            return template
        joined = posixpath.normpath(posixpath.join(posixpath.dirname(parent), template))
        if joined.startswith(".."):
            raise TemplateNotFound(template)
        return joined


class _Context(Context):
    """Makes lazy variables when they are looked at."""

    def resolve_or_missing(self, key: str) -> Any:
        value = super().resolve_or_missing(key)
        return value.make() if isinstance(value, Lazy) else value


class _Loader(BaseLoader):
    """Finds templates by the caller's function, and keeps them compiled."""

    def __init__(self, find: FindSource) -> None:
        self._find = find
        self._templates: OrderedDict[tuple[str, bytes], Template] = OrderedDict()

    def load(self, environment: Any, name: str, globals: MutableMapping[str, Any] | None = None) -> Template:  # noqa: A002 - Jinja's name
        for scheme in SCHEMES:
            name = name.removeprefix(scheme)
        source = self._find(name)
        current().loaded(name, source)
        if source is None:
            raise TemplateNotFound(name)
        return self.template(environment, source, globals)

    def template(self, environment: Any, source: Source, shared: MutableMapping[str, Any] | None) -> Template:
        """Return the compiled template of a source."""
        known = self._templates.get((source.path, source.key))
        if known is None:
            code = environment.compile(source.text, source.name, source.path)
            known = Template.from_code(environment, code, environment.make_globals(shared))
            self._templates[source.path, source.key] = known
            if len(self._templates) > _MAX_COMPILED:
                self._templates.popitem(last=False)
        return known


def _raise(message: object = "") -> NoReturn:
    raise TemplateError(str(message))


@pass_context
def _show_full_context(context: Context) -> dict[str, Any]:
    volatile()  # it looks at everything
    return {key: context.resolve(key) for key in context.get_all()}
