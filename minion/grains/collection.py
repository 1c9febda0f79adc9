"""Runs every collector and lays the box's own grains over theirs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from minion.grains import (
    architecture,
    board,
    cpu,
    disks,
    dmi,
    dns,
    gpu,
    host,
    identity,
    init,
    initiators,
    kernel,
    locale,
    memory,
    network,
    os_release,
    process,
    python,
    security,
    static,
    virtual,
    volumes,
)
from minion.grains.sources import Sources
from shoal.wire import plain

log = logging.getLogger(__name__)

Collector = Callable[[Sources], dict[str, Any]]

# Later ones win: what the firmware's DMI tables say goes before what the device tree says.
COLLECTORS: Final[tuple[Collector, ...]] = (
    kernel.collect,
    os_release.collect,
    architecture.collect,
    cpu.collect,
    memory.collect,
    disks.collect,
    volumes.collect,
    initiators.collect,
    board.collect,
    dmi.collect,
    gpu.collect,
    virtual.collect,
    init.collect,
    security.collect,
    network.collect,
    host.collect,
    dns.collect,
    identity.collect,
    locale.collect,
    process.collect,
    python.collect,
)


def collect(
    settings: Mapping[str, Any], sources: Sources | None = None, custom: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return this box's grains as wire values; takes a few milliseconds, starts nothing, asks no name server.

    Args:
        settings: `id` (for `server_id`), `grains` (a map that overrides all others) and `grains_file`
            (default `/etc/shoal/grains`); anything else is left alone.
        sources: what to read; the box itself if not given.
        custom: what the files of custom grains have said; it goes over what was found here.
    """
    sources = sources or Sources()
    grains: dict[str, Any] = {}
    for collector in COLLECTORS:
        grains.update(_guarded(collector, sources))
    grains["server_id"] = identity.server_id(str(settings.get("id", "")))
    grains.update(custom or {})
    grains.update(static.read(settings.get("grains_file"), sources.root))
    grains.update(settings.get("grains") or {})
    return {str(name): plain(value) for name, value in grains.items()}


def _guarded(collector: Collector, sources: Sources) -> dict[str, Any]:
    try:
        return collector(sources)
    except Exception as error:  # an odd file on one box must not cost it all its other grains
        log.warning(
            "no grains from %s: %s: %s",
            collector.__module__,
            type(error).__name__,
            error,
            extra={"action": "grain_collector_failed"},
        )
        return {}
