"""The kernel and its command line."""

from __future__ import annotations

from typing import Any

from minion.grains.sources import Sources


def collect(sources: Sources) -> dict[str, Any]:
    """Return `kernel*`, `cpuarch`, `nodename` and `kernelparams` (pairs; a bare word has null)."""
    uname = sources.uname
    return {
        "kernel": uname.sysname,
        "nodename": uname.nodename,
        "kernelrelease": uname.release,
        "kernelversion": uname.version,
        "cpuarch": uname.machine,
        "kernelparams": [_parameter(word) for word in sources.text("proc/cmdline").split()],
    }


def _parameter(word: str) -> list[str | None]:
    name, equals, value = word.partition("=")
    return [name, value if equals else None]
