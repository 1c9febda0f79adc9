"""How a minion gets new keys without joining again: a message signed by the old sign key and by the new one.

The old signature says that the node itself asks; the new one that it holds what it asks for (the new CURVE
key proves itself in the next handshake). Steps, each of which a power cut may follow:
1. minion: `stage_node_keys` (secret_file.py), then send the rotation over its present connection
2. master: `judge_rotation` against the keys on record; store the new ones; answer
3. minion: `promote_node_keys`, reconnect. If the answer was lost: the old keys are refused, so try the staged
   ones

Masters rotate by what the root signs: a new certificate for a new sign key (the old one is good until it
expires or its serial is revoked), `next_curve_key` in the masters document for a new CURVE key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from shoal.errors import TrustError, WireError
from shoal.ids import check_minion_id
from shoal.wire import Fields, decode, encode

from .fingerprint import fingerprint, same_fingerprint
from .keys import KEY_BYTES, NodeKeys, check_signature
from .purpose import ROTATION
from .statement import join_statement, split_statement

ROTATION_VERSION: Final = 1
MAX_ROTATION_BYTES: Final = 2048
MAX_AGE_S: Final = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """A minion's wish to be known by other keys from now on."""

    id: str
    old_fingerprint: str
    sign_key: bytes
    curve_key: bytes
    time: float  # epoch seconds by the minion's floor clock

    def to_wire(self) -> dict[str, Any]:
        """Return the body that is signed."""
        return {
            "v": ROTATION_VERSION,
            "id": self.id,
            "old": self.old_fingerprint,
            "sign_key": self.sign_key,
            "curve_key": self.curve_key,
            "time": self.time,
        }

    @classmethod
    def from_wire(cls, value: object) -> Rotation:
        """Check everything but the signatures. Raises WireError only."""
        fields = Fields(value, "rotation")
        if fields.integer("v", 0, 2**31) != ROTATION_VERSION:
            raise WireError(f"rotation: only version {ROTATION_VERSION} is spoken here")
        rotation = cls(
            id=check_minion_id(fields.text("id", 253)),
            old_fingerprint=fields.text("old", 95),
            sign_key=fields.blob("sign_key", KEY_BYTES, exact=KEY_BYTES),
            curve_key=fields.blob("curve_key", KEY_BYTES, exact=KEY_BYTES),
            time=fields.seconds("time"),
        )
        fields.done()
        return rotation


def make_rotation(minion_id: str, old: NodeKeys, new: NodeKeys, now: float) -> bytes:
    """Return the message by which `minion_id` goes from `old` to `new` keys."""
    rotation = Rotation(
        id=minion_id,
        old_fingerprint=fingerprint(old.sign.public, old.curve.public),
        sign_key=new.sign.public,
        curve_key=new.curve.public,
        time=now,
    )
    body = encode(rotation.to_wire())
    return join_statement(body, old.sign.sign(ROTATION, body), new.sign.sign(ROTATION, body))


def judge_rotation(data: bytes, minion_id: str, on_record: tuple[bytes, bytes], now: float) -> Rotation:
    """Return the rotation in `data`, sent by the authenticated peer `minion_id`.

    `on_record` are the sign and CURVE keys the master knows of it.

    Raises:
        WireError: malformed or too large. TrustError: `wrong minion`, `wrong keys` (rotates from keys not on
        record), `bad signature` (by the old or the
            new key), `same keys`, `stale` (over 5 minutes old or ahead).
    """
    body, old_signature, new_signature = split_statement(data, MAX_ROTATION_BYTES, "rotation", signatures=2)
    rotation = Rotation.from_wire(decode(body, MAX_ROTATION_BYTES))
    if rotation.id != minion_id:
        raise TrustError("wrong minion", f"{minion_id} asked for new keys for {rotation.id}")
    if not same_fingerprint(rotation.old_fingerprint, fingerprint(*on_record)):
        raise TrustError("wrong keys", f"{minion_id} rotates from keys that are not on record")
    check_signature(on_record[0], ROTATION, body, old_signature, f"{minion_id}'s old key")
    check_signature(rotation.sign_key, ROTATION, body, new_signature, f"{minion_id}'s new key")
    if rotation.sign_key == on_record[0] or rotation.curve_key == on_record[1]:
        raise TrustError("same keys", f"{minion_id} must change both keys")
    if abs(now - rotation.time) > MAX_AGE_S:
        raise TrustError("stale", f"{minion_id}'s rotation is {now - rotation.time:.0f} s old")
    return rotation
