"""Memory and swap, in MiB."""

from __future__ import annotations

from typing import Any

from minion.grains.sources import Sources


def collect(sources: Sources) -> dict[str, Any]:
    """Return `mem_total` and `swap_total`."""
    sizes = {}
    for line in sources.text("proc/meminfo").splitlines():
        name, _, rest = line.partition(":")
        if name in ("MemTotal", "SwapTotal"):
            sizes[name] = int(rest.split()[0]) // 1024
    if "MemTotal" not in sizes:
        return {}
    return {"mem_total": sizes["MemTotal"], "swap_total": sizes.get("SwapTotal", 0)}
