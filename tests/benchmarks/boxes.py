"""Who the swarm's minions are: ids, keys, grains, tags. All follow from a number, so that whoever seeds the
master's store and whoever plays the minions agree without talking.

The grains are this machine's own with what differs between boxes changed, and some of the kind that people add:
a hundred keys, in a fleet of a few kinds of boxes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from minion.grains import collect
from pki.keys import CurveKey, NodeKeys, SignKey, sha256
from shoal.wire import encode

SITES: Final = ("paris", "rome", "oslo", "lima", "kyoto")
_ARCHES: Final = ("aarch64", "armv7l", "x86_64")
_KEYS: Final = 100
_VOLATILE: Final = ("pid", "localtime")
_OF_THE_PROGRAM: Final = {"pythonpath": ["/usr/lib/python3"], "pid": 1}  # who seeds and who plays are two


def box_id(number: int) -> str:
    """Return the minion id of box `number`."""
    return f"edge-{number:05d}"


def box_keys(number: int) -> NodeKeys:
    """Return the keys of box `number`."""
    seed = b"shoal swarm %d " % number
    return NodeKeys(SignKey(sha256(seed + b"sign")), CurveKey(sha256(seed + b"curve")))


def box_tags(number: int) -> dict[str, str]:
    """Return the tags that the master gave box `number`."""
    return {"site": SITES[number % len(SITES)]}


def box_grains(number: int) -> dict[str, Any]:
    """Return what box `number` says of itself."""
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    return {
        **_of_this_machine(),
        "id": box_id(number),
        "host": box_id(number),
        "fqdn": f"{box_id(number)}.example.net",
        "nodename": box_id(number),
        "machine_id": sha256(box_id(number).encode()).hex()[:32],
        "cpuarch": _ARCHES[number % len(_ARCHES)],
        "role": "camera" if number % 4 else "gateway",
        "ipv4": ["127.0.0.1", address],
        "ip4_interfaces": {"lo": ["127.0.0.1"], "eth0": [address]},
    }


def digest(grains: dict[str, Any]) -> bytes:
    """Return the digest of `grains`, made as the daemon makes it."""
    return sha256(encode({key: value for key, value in grains.items() if key not in _VOLATILE}))


@lru_cache(maxsize=1)
def _of_this_machine() -> dict[str, Any]:
    grains = {**collect({"id": "edge", "grains": {}, "grains_file": "/nonexistent"}), **_OF_THE_PROGRAM}
    more = range(max(0, _KEYS - len(grains) - 2))
    return {**grains, **{f"asset_{number:02d}": f"value {number}" for number in more}}
