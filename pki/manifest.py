"""The seal of a manifest: which files of the master a box may load and run.

`judge_manifest` is for one that has just come, in this order: as `open_sealed`, then fleet, environment, time, and
not older than what the box has. `judge_held` is for one that the box has kept, which was judged when it came: its
certificate may have expired since (a box that was off for a year still has its modules), but must have been valid
when it was issued and must not have been revoked. Signed files do not go stale: a manifest itself has no end.
"""

from __future__ import annotations

from typing import Final

from shoal.errors import TrustError
from shoal.synced import MAX_MANIFEST_BYTES, Manifest
from shoal.wire import decode, encode

from .anchor import TrustAnchor
from .envelope import open_sealed, open_undated, seal
from .keys import SignKey
from .purpose import MANIFEST

MAX_EARLY_S: Final = 300.0  # how far a master's clock may be ahead of ours


def seal_manifest(manifest: Manifest, key: SignKey, certificate: bytes) -> bytes:
    """Return `manifest` sealed by a master."""
    return seal(MANIFEST, encode(manifest.to_wire()), key, certificate)


def judge_manifest(frame: bytes, env: str, anchor: TrustAnchor, now: float, newest: float) -> Manifest:
    """Return the manifest of `env` in `frame`; `newest` is when the newest that the box has was issued.

    Raises:
        WireError: malformed or too large.
        TrustError: as `open_sealed`, and `wrong fleet`, `wrong environment`, `issued in the future`,
            `older version`.
    """
    body, certificate = open_sealed(frame, MANIFEST, anchor, now, MAX_MANIFEST_BYTES)
    manifest = _read(body, anchor)
    if manifest.env != env:
        raise TrustError("wrong environment", f"the manifest is of {manifest.env}, not of {env}")
    if manifest.issued > now + MAX_EARLY_S:
        raise TrustError("issued in the future", f"the manifest is {manifest.issued - now:.0f} s ahead")
    if manifest.issued < newest:
        detail = (
            f"the manifest of {certificate.name} is {newest - manifest.issued:.1f} s older than the one here"
        )
        raise TrustError("older version", detail)
    return manifest


def judge_held(frame: bytes, anchor: TrustAnchor) -> Manifest:
    """Return a manifest that this box has kept. Raises as `judge_manifest`, but for environment and time."""
    body, certificate = open_undated(frame, MANIFEST, anchor, MAX_MANIFEST_BYTES)
    manifest = _read(body, anchor)
    certificate.check_at(manifest.issued)
    return manifest


def _read(body: bytes, anchor: TrustAnchor) -> Manifest:
    manifest = Manifest.from_wire(decode(body, MAX_MANIFEST_BYTES))
    if manifest.fleet != anchor.fleet:
        raise TrustError("wrong fleet", f"the manifest is of fleet {manifest.fleet}")
    return manifest
