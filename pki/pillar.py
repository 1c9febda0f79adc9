"""The seal of a pillar: who made it, for which box, and because of which question.

`judge_pillar` is for one that has just come, in this order: as `open_sealed`, then fleet, minion, nonce, environment,
time. So another box's pillar, or an earlier one of the same box, is worth nothing, whoever sends it. `judge_kept` is
for one that the box has kept, which was judged when it came: its certificate may have expired since (a box that was
off for a year still has its pillar), but must have been valid when it was issued and must not have been revoked.
"""

from __future__ import annotations

from typing import Final

from shoal.errors import TrustError
from shoal.pillar.handed import MAX_HANDED_BYTES, HandedPillar, PillarQuestion
from shoal.wire import decode, encode

from .anchor import TrustAnchor
from .envelope import ENVELOPE_OVERHEAD, open_sealed, open_undated, seal
from .keys import SignKey, same_bytes
from .purpose import PILLAR

MAX_EARLY_S: Final = 300.0  # how far a master's clock may be ahead of ours
MAX_SEALED_BYTES: Final = MAX_HANDED_BYTES + ENVELOPE_OVERHEAD


def seal_pillar(handed: HandedPillar, key: SignKey, certificate: bytes) -> bytes:
    """Return `handed` sealed by a master."""
    return seal(PILLAR, encode(handed.to_wire()), key, certificate)


def judge_pillar(
    frame: bytes, minion: str, question: PillarQuestion, anchor: TrustAnchor, now: float
) -> HandedPillar:
    """Return the pillar in `frame`, which is `minion`'s and answers its `question`.

    Raises:
        WireError: malformed or too large.
        TrustError: as `open_sealed`, and `wrong fleet`, `wrong minion`, `wrong nonce`, `wrong environment`,
            `issued in the future`.
    """
    body, _certificate = open_sealed(frame, PILLAR, anchor, now, MAX_HANDED_BYTES)
    handed = _read(body, minion, anchor)
    if not same_bytes(handed.nonce, question.nonce):
        raise TrustError("wrong nonce", "the pillar answers another question")
    _check_env(handed, question.pillarenv)
    if handed.issued > now + MAX_EARLY_S:
        raise TrustError("issued in the future", f"the pillar is {handed.issued - now:.0f} s ahead")
    return handed


def judge_kept(frame: bytes, minion: str, anchor: TrustAnchor) -> HandedPillar:
    """Return a pillar that this box has kept. Raises as `judge_pillar`, but for nonce and time."""
    body, certificate = open_undated(frame, PILLAR, anchor, MAX_HANDED_BYTES)
    handed = _read(body, minion, anchor)
    _check_env(handed, "")  # one that a job has asked for is never kept
    certificate.check_at(handed.issued)
    return handed


def _read(body: bytes, minion: str, anchor: TrustAnchor) -> HandedPillar:
    handed = HandedPillar.from_wire(decode(body, MAX_HANDED_BYTES))
    if handed.fleet != anchor.fleet:
        raise TrustError("wrong fleet", f"the pillar is of fleet {handed.fleet}")
    if handed.to != minion:
        raise TrustError("wrong minion", f"the pillar is {handed.to[:80]!r}'s")
    handed.value()
    return handed


def _check_env(handed: HandedPillar, pillarenv: str) -> None:
    if handed.pillarenv != pillarenv:
        raise TrustError("wrong environment", f"the pillar is of {handed.pillarenv!r}, not of {pillarenv!r}")
