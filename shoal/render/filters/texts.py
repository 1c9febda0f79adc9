"""Filters of texts."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Iterable
from typing import Any, Final

_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def quote(value: Any) -> str:
    """Return a text as one word of a shell."""
    return shlex.quote(str(value))


def path_join(*parts: str) -> str:
    """Return the parts as one path below the first, also if a later one begins with a slash."""
    first, *rest = [str(part) for part in parts]
    return posixpath.normpath(posixpath.join(first, *(part.lstrip("/") for part in rest)))


def to_camelcase(value: str, uppercamel: bool = False) -> str:
    """Return snake_case as camelCase."""
    first, *rest = str(value).split("_")
    made = "".join([first, *(part.title() for part in rest)])
    return made[:1].upper() + made[1:] if uppercamel else made


def to_snake_case(value: str) -> str:
    """Return camelCase as snake_case."""
    return _CAMEL.sub("_", str(value)).lower()


def skip(_value: Any) -> str:
    """Return nothing."""
    return ""


def mysql_to_dict(lines: Iterable[str], key: str) -> dict[Any, dict[str, Any]]:
    """Return the table that mysql prints as maps, by the value of a column."""
    names: list[str] = []
    found: dict[Any, dict[str, Any]] = {}
    for line in lines:
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.strip().startswith("|"):
            continue
        if not names:
            names = cells
            continue
        row = {
            name: int(cell) if cell.isdecimal() else cell for name, cell in zip(names, cells, strict=False)
        }
        found[row[key]] = row
    return found


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "mysql_to_dict": mysql_to_dict,
    "path_join": path_join,
    "quote": quote,
    "skip": skip,
    "to_camelcase": to_camelcase,
    "to_snake_case": to_snake_case,
}
