"""Grains: what a box says of itself, under Salt's names.

One file a noun; each has a `collect(sources)` that reads files under a root path and returns grains.

1. No process is started and no name server is asked: a grain is what the kernel and local files say.
2. A collector that fails gives no grains and one log line; the others go on.
3. Values are wire types only. `id` and `master` are added by the caller.

4. Custom grains are strangers' code: the executor runs them in children and hands them in.

Later wins: core grains, custom ones, then the grains file (`/etc/shoal/grains`), then `grains:` of the configuration.
"""

from minion.grains.collection import collect
from minion.grains.sources import Sources

__all__ = ["Sources", "collect"]
