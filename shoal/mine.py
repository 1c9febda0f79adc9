"""The mine on the wire: what a box puts there for others, and what it asks of others' there.

A question is the body of the verb `mine`: `{n, op, …}`. `put` has one value, `keep` the names that stay, `delete`
one name; `get` has a target and names, and is answered by `{name: {minion: packed value}}`.

Targets that a box sends are judged by the master, against other boxes: kinds with regular expressions, which could
keep it busy for hours, and pillar, which is not the box's to probe, are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from shoal.errors import WireError
from shoal.targets.compound import read_term
from shoal.targets.target import Target
from shoal.wire import Fields

MAX_PACKED: Final = 128 * 1024  # bytes of one value
MAX_NAMES: Final = 100  # of one box
MAX_ASKED: Final = 20  # names in one question
MAX_EXPR: Final = 4096  # characters of a box's target
OPS: Final = ("put", "keep", "delete", "get")
_KINDS: Final = frozenset({"glob", "list", "grain", "ipcidr", "nodegroup", "compound", "tag"})
_LETTERS: Final = frozenset({"", "G", "L", "S", "N", "T"})
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MineQuestion:
    """See the module docstring. Which fields count is said by `op`."""

    op: str
    names: tuple[str, ...] = ()
    packed: bytes = b""
    target: Target | None = None  # get: whose values; put: who may read it, None: all

    def to_wire(self) -> dict[str, Any]:
        """Return the message body, without its number."""
        body: dict[str, Any] = {"op": self.op, "names": list(self.names)}
        if self.op == "put":
            body["packed"] = self.packed
        if self.target is not None:
            body["target"] = self.target.to_wire()
        return body

    @classmethod
    def from_fields(cls, fields: Fields) -> MineQuestion:
        """Check and read what follows the number. Raises WireError."""
        op = fields.text("op", 8)
        if op not in OPS:
            raise WireError(f"question about the mine: unknown {op!r}")
        most = MAX_NAMES if op == "keep" else MAX_ASKED if op == "get" else 1
        names = tuple(check_mine_name(name) for name in fields.texts("names", most, 128))
        packed = fields.blob("packed", MAX_PACKED) if op == "put" else b""
        value = fields.take("target", dict, None) if op in ("put", "get") else None
        fields.done()
        if not names and op != "keep":
            raise WireError("question about the mine: no name")
        target = None if value is None else _target(value)
        if op == "get" and target is None:
            raise WireError("question about the mine: no target")
        return cls(op=op, names=names, packed=packed, target=target)


def check_mine_name(name: str) -> str:
    """Return `name` if a value of the mine can be called so. Raises WireError."""
    if not _NAME.fullmatch(name):
        raise WireError(f"bad name in the mine {name[:60]!r}: letters, digits and _ . - are allowed")
    return name


def _target(value: object) -> Target:
    target = Target.from_wire(value)
    if len(target.expr) > MAX_EXPR:
        raise WireError(f"a box's target may have {MAX_EXPR} characters")
    words = target.expr.split() if target.kind == "compound" else []
    refused = [word for word in words if read_term(word).letter not in _LETTERS]
    if target.kind not in _KINDS or refused:
        what = refused[0][:60] if refused else target.kind
        raise WireError(
            f"{what}: a box may target by glob, list, grain, ipcidr, nodegroup, tag and compounds of these"
        )
    return target
