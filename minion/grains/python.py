"""The interpreter, Shoal and its libraries."""

from __future__ import annotations

import sys
from typing import Any

from minion.grains.sources import Sources
from shoal.version import VERSION


def collect(sources: Sources) -> dict[str, Any]:
    """Return `python*`, `shoalversion`, `shoalversioninfo`, and `zmqversion` if zmq is loaded here."""
    grains: dict[str, Any] = {
        "pythonexecutable": sys.executable,
        "pythonpath": list(sys.path),
        "pythonversion": list(sys.version_info),
        "shoalversion": VERSION,
        "shoalversioninfo": [int(part) for part in VERSION.split(".") if part.isdecimal()],
    }
    # Only the transport may import zmq; a masterless call has not loaded it and need not pay for it.
    if zmq := sys.modules.get("zmq"):
        grains["zmqversion"] = zmq.zmq_version()
    return grains
