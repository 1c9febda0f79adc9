"""Filters of regular expressions. One that could take for ever is refused: the text may be a box's own grain."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from shoal.errors import RenderError
from shoal.targets.pcre import longest_text


def _compiled(pattern: str, text: str, ignorecase: bool, multiline: bool, anywhere: bool) -> re.Pattern[str]:
    flags = (re.IGNORECASE if ignorecase else 0) | (re.MULTILINE if multiline else 0)
    try:
        limit = longest_text(pattern, flags, anywhere=anywhere)
        compiled = re.compile(pattern, flags)
    except (re.error, OverflowError, RecursionError) as error:
        raise RenderError(f"regular expression {pattern[:80]!r} cannot be read: {error}") from None
    if len(text) > limit:
        raise RenderError(f"{len(text)} characters are too many for the regular expression {pattern[:80]!r}")
    return compiled


def _groups(found: re.Match[str] | None) -> tuple[Any, ...] | None:
    if found is None:
        return None
    return found.groups() or (found[0],)


def regex_search(text: str, rgx: str, ignorecase: bool = False, multiline: bool = False) -> Any:
    """Return the groups of what matches somewhere, or nothing."""
    text = str(text)
    return _groups(_compiled(rgx, text, ignorecase, multiline, True).search(text))


def regex_match(text: str, rgx: str, ignorecase: bool = False, multiline: bool = False) -> Any:
    """Return the groups of what matches at the start, or nothing."""
    text = str(text)
    return _groups(_compiled(rgx, text, ignorecase, multiline, False).match(text))


def regex_replace(text: str, rgx: str, val: str, ignorecase: bool = False, multiline: bool = False) -> str:
    """Return the text with each match replaced; `\\1` is the first group."""
    text = str(text)
    return _compiled(rgx, text, ignorecase, multiline, True).sub(val, text)


def is_match(text: str, rgx: str, ignorecase: bool = False, multiline: bool = False) -> bool:
    """Say whether a text matches from its start."""
    text = str(text)
    return _compiled(rgx, text, ignorecase, multiline, False).match(text) is not None


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "regex_escape": lambda text: re.escape(str(text)),
    "regex_match": regex_match,
    "regex_replace": regex_replace,
    "regex_search": regex_search,
}
