"""What came of one state, in Salt's shape, and in the words that requisites ask for."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from states.engine.chunk import Chunk

_HIDDEN: Final = "hidden, because the state has no_log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`result`: None in a test run that would change something. `ran`: False when its requisites kept it from running.

    `quiet`: a condition kept it from running; what it watches does not make it react either.
    """

    result: bool | None
    comment: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)
    ran: bool = True
    quiet: bool = False
    started: float = 0.0  # epoch seconds
    duration_s: float = 0.0
    number: int = 0
    warnings: tuple[str, ...] = ()

    def numbered(self, number: int) -> Outcome:
        """Return it with its place in the run."""
        return replace(self, number=number)

    def shown(self, chunk: Chunk) -> dict[str, Any]:
        """Return Salt's map for it."""
        local = time.localtime(self.started)
        hidden = bool(chunk.args.get("no_log"))
        shown: dict[str, Any] = {
            "name": chunk.name,
            "changes": dict(self.changes) if not hidden else {"no_log": _HIDDEN} if self.changes else {},
            "result": self.result,
            "comment": _HIDDEN if hidden else self.comment,
            "__sls__": chunk.sls,
            "__id__": chunk.id,
            "__run_num__": self.number,
            "start_time": time.strftime("%H:%M:%S", local) + f".{int(self.started % 1 * 1_000_000):06d}",
            "duration": round(self.duration_s * 1000, 3),
        }
        if not self.ran:
            shown["__state_ran__"] = False
        if self.quiet:
            shown["skip_watch"] = True
        if self.warnings and not hidden:
            shown["warnings"] = list(self.warnings)
        return shown
