"""`sql`: a query for a box's keys and values, in any database that SQLAlchemy speaks to.

The query gives two columns. The first is a key, `a:b:c` for one in maps; the second its value. `:minion_id` in it is a
bound parameter, so an id is never part of the SQL text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from master.store.outside import OutsideQuery
from shoal.errors import RenderError, StoreError

_MAX_LEVELS: Final = 16


class Sql:
    """See the module docstring."""

    def __init__(self, query: OutsideQuery) -> None:
        self._query = query

    def fetch(self, minion: str, tags: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the query says of a box. Raises RenderError."""
        try:
            rows = self._query.rows(minion_id=minion)
        except StoreError as error:
            raise RenderError(f"ext_pillar: sql: {error}") from None
        value: dict[str, Any] = {}
        for row in rows:
            if len(row) != 2:
                raise RenderError(
                    f"ext_pillar: sql: the query gives {len(row)} columns, two expected: key, value"
                )
            _put(value, str(row[0]), row[1])
        return value


def _put(value: dict[str, Any], path: str, item: Any) -> None:
    *above, last = path.split(":", _MAX_LEVELS)
    inner = value
    for level in above:
        below = inner.setdefault(level, {})
        if not isinstance(below, dict):
            raise RenderError(f"ext_pillar: sql: {path[:80]!r} goes below a key that has a value")
        inner = below
    if isinstance(inner.get(last), dict):
        raise RenderError(f"ext_pillar: sql: {path[:80]!r} is a value and has keys below it")
    inner[last] = item if isinstance(item, (str, int, float, bool, type(None))) else str(item)
