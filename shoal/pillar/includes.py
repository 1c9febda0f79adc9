"""The `include:` of a pillar SLS.

include:
  - common
  - .near                     relative to this SLS
  - users.*                   all that match
  - nginx:
      defaults: {port: 80}    variables of the included template
      key: web:nginx          where its data goes
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from shoal.errors import RenderError
from shoal.pillar.renderings import Rendered
from shoal.render.names import resolve_relative
from shoal.render.source import lines_around


@dataclass(frozen=True, slots=True, kw_only=True)
class Include:
    """One SLS, or a glob of them, that another includes. `key`: the levels below which its data goes."""

    sls: str
    key: tuple[str, ...] = ()
    defaults: dict[str, Any] = field(default_factory=dict)


def read_includes(rendered: Rendered, sls: str) -> list[Include]:
    """Return what the SLS named `sls` includes, in order. Raises RenderError."""
    value = rendered.document.value
    if "include" not in value:
        return []
    try:
        given = value["include"]
        if not isinstance(given, list):
            raise RenderError(f"'include' must be a list of SLS, got {type(given).__name__}")
        return [_include(item, sls, rendered.source.name) for item in given]
    except RenderError as error:
        source, line = rendered.source, rendered.document.lines.get(("include",), 0)
        if source.text.count("\n") < line or "include" not in source.text.split("\n")[line - 1]:
            line = 0  # a line of what the template made, not of the file
        lines = lines_around(source.text, line)
        raise RenderError(error.problem, file=source.path, line=line, lines=lines) from None


def _include(item: Any, parent: str, parent_file: str) -> Include:
    options: Any = None
    if isinstance(item, dict) and len(item) == 1:
        ((item, options),) = item.items()
    options = options or {}
    if not isinstance(item, str) or not isinstance(options, dict) or set(options) - {"key", "defaults"}:
        raise RenderError(
            f"'include': {str(item)[:80]!r} is no SLS, or has other options than 'key' and 'defaults'"
        )
    key, defaults = options.get("key") or "", options.get("defaults") or {}
    if not isinstance(key, str) or not isinstance(defaults, dict):
        raise RenderError(f"'include' of {item!r}: 'key' must be text and 'defaults' a map")
    levels = tuple(key.split(":")) if key else ()
    names = {str(name): value for name, value in defaults.items()}
    return Include(sls=resolve_relative(item, parent, parent_file), key=levels, defaults=names)
