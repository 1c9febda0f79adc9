"""A target as it travels and is stored: what kind of expression, and the expression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from shoal.errors import TargetError, WireError
from shoal.wire import Fields

KINDS: Final = (
    "glob", "pcre", "list", "grain", "grain_pcre", "pillar", "pillar_pcre", "pillar_exact", "ipcidr",
    "nodegroup", "compound", "tag",
)  # fmt: skip
MAX_EXPR: Final = 64 * 1024  # characters; a list of 4,000 ids fits
MAX_DELIMITER: Final = 8


class TermError(TargetError):
    """A term that asks for nothing that can be found: no value, a broken address or regular expression.

    Salt logs these and goes on as if the term matched nobody; so does `compile_target(..., lenient=True)`.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An expression that selects minions.

    `delimiter` parts the levels of grain, pillar and tag expressions; the other kinds do not look at it (a
    compound expression names its delimiters itself: `G|@site|name|paris`).
    """

    kind: str
    expr: str
    delimiter: str = ":"

    def to_wire(self) -> dict[str, Any]:
        """Return plain data for `shoal.wire`."""
        return {"kind": self.kind, "expr": self.expr, "delimiter": self.delimiter}

    @classmethod
    def from_wire(cls, value: object) -> Target:
        """Return the target in `value`. Raises WireError: unknown kind, too long, or another shape."""
        fields = Fields(value, "target")
        kind = fields.text("kind", 32)
        expr = fields.text("expr", MAX_EXPR)
        delimiter = fields.text("delimiter", MAX_DELIMITER, ":")
        fields.done()
        if kind not in KINDS:
            raise WireError(f"target: unknown kind {kind!r}")
        if not delimiter:
            raise WireError("target: the delimiter is empty")
        return cls(kind=kind, expr=expr, delimiter=delimiter)
