"""Salt's Jinja filters and tests, by name. Pure: none reads a file, a socket, the environment or this machine's users.

What Salt has beside these reads the machine (`which`, `file_hashsum`, `list_files`, `get_uid`, …) or the network
(`http_query`, `dns_check`): on the master a template must not, so a caller that runs on a box hands them in
(`machine.py` has the first kind).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from shoal.render.filters import (
    chance,
    checks,
    digests,
    formats,
    lists,
    maps,
    network,
    numbers,
    patterns,
    texts,
    times,
)

FILTERS: Final[dict[str, Callable[..., Any]]] = {
    **chance.FILTERS,
    **checks.FILTERS,
    **digests.FILTERS,
    **formats.FILTERS,
    **lists.FILTERS,
    **maps.FILTERS,
    **network.FILTERS,
    **numbers.FILTERS,
    **patterns.FILTERS,
    **texts.FILTERS,
    **times.FILTERS,
}
TESTS: Final[dict[str, Callable[..., Any]]] = {
    "equalto": lambda value, other: value == other,
    "list": checks.is_list,
    "match": patterns.is_match,
}
