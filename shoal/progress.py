"""What a job says while it runs: pieces of its output, and words on how far it is.

Optional from end to end: whoever cannot pass one on at once drops it, the return has everything. `seq` counts
the pieces of one job on one box, also those that were dropped, so that whoever reads them sees the gaps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from shoal.errors import WireError
from shoal.ids import check_jid
from shoal.wire import Fields

OUTPUT: Final = "output"  # text as the job's programs wrote it; need not end with a whole line
STEP: Final = "step"  # one line for people: "3 of 10"
MAX_TEXT_BYTES: Final = 3840  # with all around it, one piece fits into a pipe without waiting
MAX_SEQ: Final = 2**31


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProgress:
    """One piece. `minion` is not on the wire: it is whoever the connection's key belongs to."""

    jid: str
    seq: int  # from 1
    kind: str
    text: str
    minion: str = ""

    def to_wire(self) -> dict[str, Any]:
        """Return the message body."""
        return {"jid": self.jid, "seq": self.seq, "kind": self.kind, "text": self.text}

    @classmethod
    def from_wire(cls, value: object, minion: str = "") -> JobProgress:
        """Check everything. Raises WireError only."""
        fields = Fields(value, "progress")
        made = cls(
            jid=check_jid(fields.text("jid", 20)),
            seq=fields.integer("seq", 1, MAX_SEQ),
            kind=fields.text("kind", 16),
            text=fields.text("text", MAX_TEXT_BYTES),
            minion=minion,
        )
        fields.done()
        if made.kind not in (OUTPUT, STEP):
            raise WireError(f"progress: unknown kind {made.kind!r}")
        if len(made.text.encode("utf-8")) > MAX_TEXT_BYTES:
            raise WireError(f"progress: more than {MAX_TEXT_BYTES} bytes of text")
        return made
