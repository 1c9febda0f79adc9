"""Which jobs a list shows. What SQL can decide by an index it does; globs and metadata are compared here.

SQL's LIKE only narrows (it ignores case on SQLite and knows no `[a-z]`); `fits` has the last word, so that
both databases answer alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from sqlalchemy import ColumnElement

from master.store.schema import jobs
from shoal.ids import JidMaker


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Every field narrows; an empty one does not. Times are epoch seconds, both ends included."""

    limit: int = 100
    since: float = 0.0
    until: float = 0.0
    fun: str = ""  # a glob
    search_target: str = ""  # globs with commas between: one fits the expression or an id the job was sent to
    metadata: Mapping[str, Any] = field(default_factory=dict)  # these keys with these values
    user: str = ""
    parent: str = ""

    def with_limit(self, limit: int) -> JobFilter:
        """Return the same filter for at most `limit` jobs."""
        return replace(self, limit=limit)

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return what SQL checks. A jid begins with its time, so times are ranges of the primary key."""
        conditions: list[ColumnElement[bool]] = []
        if self.since:
            conditions.append(jobs.c.jid >= JidMaker().new(self.since))
        if self.until:
            conditions.append(jobs.c.jid <= JidMaker().new(self.until))
        if self.user:
            conditions.append(jobs.c.user == self.user)
        if self.parent:
            conditions.append(jobs.c.parent == self.parent)
        if self.fun:
            conditions.append(jobs.c.fun.like(_like(self.fun), escape="\\"))
        return conditions

    def fits(
        self, fun: str, target: str, metadata: Mapping[str, Any], ids: Callable[[], Sequence[str]]
    ) -> bool:
        """Return whether a job fits; `ids` is asked only if its target expression does not decide."""
        if self.fun and not fnmatchcase(fun, self.fun):
            return False
        if any(key not in metadata or metadata[key] != value for key, value in self.metadata.items()):
            return False
        globs = [glob.strip() for glob in self.search_target.split(",") if glob.strip()]
        return not globs or _any(globs, (target,)) or _any(globs, ids())


def _any(globs: Sequence[str], texts: Sequence[str]) -> bool:
    return any(fnmatchcase(text, glob) for glob in globs for text in texts)


def _like(glob: str) -> str:
    """Return a LIKE pattern that everything `glob` matches fits: from the first bracket on, anything does."""
    head, bracket, _ = glob.partition("[")
    escaped = head.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%").replace("?", "_") + ("%" if bracket else "")
