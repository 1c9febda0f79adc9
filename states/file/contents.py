"""The content that `file.managed` is given in the SLS itself, in pillar or in grains."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modules.context import Context
from shoal.errors import ModuleError
from shoal.lookup import MISSING, traverse


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentsOptions:
    """Spellings are Salt's."""

    contents: Any = None
    contents_pillar: str | list[str] | None = None
    contents_grains: str | list[str] | None = None
    contents_newline: bool = True  # the text ends with one
    contents_delimiter: str = ":"  # between the keys of pillar and grains
    allow_empty: bool = True
    encoding: str = ""
    encoding_errors: str = "strict"

    @property
    def given(self) -> bool:
        """Whether there is any."""
        return any(each is not None for each in (self.contents, self.contents_pillar, self.contents_grains))


def text_of(ctx: Context, options: ContentsOptions) -> str:
    """Return the text that is given. Raises ModuleError in Salt's words."""
    ways = (options.contents, options.contents_pillar, options.contents_grains)
    if sum(each is not None for each in ways) > 1:
        raise ModuleError("Only one of 'contents', 'contents_pillar', and 'contents_grains' is permitted")
    value, said = options.contents, "contents"
    if options.contents_pillar is not None:
        value = _looked_up(ctx.pillar, options.contents_pillar, options.contents_delimiter, "Pillar")
        said = "contents_pillar"
    elif options.contents_grains is not None:
        value = _looked_up(ctx.grains, options.contents_grains, options.contents_delimiter, "Grain")
        said = "contents_grains"
    text = "".join(_lines(value, newline=options.contents_newline))
    if not text and not options.allow_empty:
        raise ModuleError(
            f"'{said}' value would result in empty contents. Set allow_empty to True to allow the managed file to be"
            " empty."
        )
    return text


def encoded(text: str, encoding: str, errors: str = "strict") -> bytes:
    """Return the bytes of a text. Raises ModuleError."""
    try:
        return codecs.encode(text, encoding or "utf-8", errors if encoding else "surrogateescape")
    except (LookupError, UnicodeError) as error:
        raise ModuleError(str(error)) from None


def _looked_up(data: Mapping[str, Any], names: str | list[str], delimiter: str, kind: str) -> list[Any]:
    found = []
    for name in [names] if isinstance(names, str) else names:
        value = traverse(data, name, MISSING, delimiter)
        if value is MISSING:
            raise ModuleError(f"{kind} {name} does not exist")
        found += value if isinstance(value, list) else [value]
    return found


def _lines(value: Any, *, newline: bool) -> list[str]:
    """Return the pieces of the text: each of a list ends with a newline but, without `newline`, the last."""
    parts = [str(each) for each in (value if isinstance(value, list) else [value])]
    if parts == [""]:
        return []
    ended = [part if part.endswith("\n") else part + "\n" for part in parts]
    return ended if newline else [*ended[:-1], *parts[-1:]]
