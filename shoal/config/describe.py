"""Rows for the manual: every key of a section with its type, default and one line of text."""

from __future__ import annotations

from dataclasses import MISSING, Field, dataclass, fields
from typing import Any, get_type_hints

from shoal.config.kind import expected
from shoal.config.setting import setting_of
from shoal.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One key. All fields are words for people."""

    key: str
    kind: str
    default: str
    doc: str


def describe(section: type) -> list[Row]:
    """Return one row for each key of `section`, in the order of the class."""
    hints = get_type_hints(section)
    return [
        Row(
            key=made.name,
            kind=setting_of(made).kind or expected(hints[made.name], setting_of(made)),
            default=_default(made),
            doc=setting_of(made).doc,
        )
        for made in fields(section)
        if made.init
    ]


def _default(made: Field[Any]) -> str:
    shown = setting_of(made).shown
    if shown:
        return shown
    if made.default_factory is not MISSING:
        return _words(made.default_factory())
    return "(must be given)" if made.default is MISSING else _words(made.default)


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "(none)"
    if value is None or value == "" or value == {} or (isinstance(value, Secret) and not value):
        return "(none)"
    return f"{value:.15g}" if isinstance(value, float) else str(value)
