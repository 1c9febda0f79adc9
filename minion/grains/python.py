"""The interpreter, Shoal and its libraries."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

from minion.grains.sources import Sources
from shoal.version import VERSION

# States ask `saltversioninfo` what they may use: the release of Salt whose names and shapes these grains have.
_SALT: Final = (3008, 0)


def collect(sources: Sources) -> dict[str, Any]:
    """Return `python*`, `shoal*`, `salt*` for states written for Salt, and `zmqversion` if zmq is loaded here."""
    path = str(Path(__file__).parents[2])
    grains: dict[str, Any] = {
        "pythonexecutable": sys.executable,
        "pythonpath": list(sys.path),
        "pythonversion": list(sys.version_info),
        "shoalversion": VERSION,
        "shoalversioninfo": [int(part) for part in VERSION.split(".") if part.isdecimal()],
        "shoalpath": path,
        "saltversion": ".".join(map(str, _SALT)),
        "saltversioninfo": list(_SALT),
        "saltpath": path,
    }
    # Only the transport may import zmq; a masterless call has not loaded it and need not pay for it.
    if zmq := sys.modules.get("zmq"):
        grains["zmqversion"] = zmq.zmq_version()
    return grains
