"""Filters of dates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final

from shoal.errors import RenderError
from shoal.render.filters.unfolded import unfolded
from shoal.render.rendering import volatile

_FORMS: Final = (
    "%Y/%m/%d", "%Y-%m-%d %H:%M", "%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y", "%m/%d/%Y", "%Y%m%d",
    "%Y-%m-%dT%H:%M:%SZ", "%a, %d %b %Y %H:%M:%S",
)  # fmt: skip


def date_format(value: Any = None, fmt: str = "%Y-%m-%d") -> str:
    """Return a time as text. It is a number of seconds since 1970, a date as text, or nothing for now."""
    return _read(value).strftime(fmt)


def _read(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    text = "now" if value is None else str(value).strip()
    if text in ("now", ""):
        volatile()
        return datetime.now()
    try:
        return datetime.fromtimestamp(float(text))
    except (ValueError, OverflowError, OSError):
        pass
    for read in (datetime.fromisoformat, *(_by(form) for form in _FORMS)):
        try:
            return read(text)
        except ValueError:
            continue
    raise RenderError(f"{text[:40]!r} is no date that can be read: write 2026-11-21 or seconds since 1970")


def _by(form: str) -> Callable[[str], datetime]:
    return lambda text: datetime.strptime(text, form)


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "date_format": unfolded(date_format),
    "strftime": unfolded(date_format),
}
