"""Who the box is, and as whom the minion runs."""

from __future__ import annotations

import os
from typing import Any

from minion.grains.sources import Sources
from pki.keys import sha256


def collect(sources: Sources) -> dict[str, Any]:
    """Return `machine_id`, `uid`, `gid`, `username` and `groupname`.

    Names come from the files, not from the name service: a directory server may be away.
    """
    uid, gid = os.geteuid(), os.getegid()
    grains: dict[str, Any] = {"uid": uid, "gid": gid}
    found = {
        "machine_id": sources.first_text("etc/machine-id", "var/lib/dbus/machine-id"),
        "username": _name(sources, "etc/passwd", uid),
        "groupname": _name(sources, "etc/group", gid),
    }
    return grains | {grain: value for grain, value in found.items() if value}


def server_id(minion_id: str) -> int:
    """Return a number made from the minion's id, for databases that want one (Salt's formula)."""
    return int.from_bytes(sha256(minion_id.encode()), "big") % 2**31


def _name(sources: Sources, path: str, number: int) -> str:
    rows = (line.split(":") for line in sources.text(path).splitlines())
    return next((row[0] for row in rows if len(row) > 2 and row[2] == str(number)), "")
