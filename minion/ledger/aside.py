"""Sets a damaged ledger aside: renamed, for people to look at, never deleted at once. At most `MAX_KEPT` stay."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

MAX_KEPT: Final = 3
_COMPANIONS: Final = ("-wal", "-shm", "-journal")


def set_aside(path: Path) -> Path:
    """Rename the file at `path` and what belongs to it to `NAME.corrupt-N`; return its new place.

    The oldest of more than MAX_KEPT goes. Raises OSError.
    """
    kept = _kept(path)
    target = path.with_name(f"{path.name}.corrupt-{(kept[-1] if kept else 0) + 1}")
    # The database goes last: cut off half-way, the next start finds it damaged still, and comes here again.
    for companion in _COMPANIONS:
        source = path.with_name(path.name + companion)
        if source.exists():
            source.replace(target.with_name(target.name + companion))
    path.replace(target)
    for number in kept[: max(len(kept) + 1 - MAX_KEPT, 0)]:
        _delete(path.with_name(f"{path.name}.corrupt-{number}"))
    return target


def _kept(path: Path) -> list[int]:
    pattern = re.compile(re.escape(path.name) + r"\.corrupt-([0-9]{1,9})")
    found = (pattern.fullmatch(entry.name) for entry in path.parent.iterdir())
    return sorted(int(match.group(1)) for match in found if match)


def _delete(path: Path) -> None:
    for name in (path.name, *(path.name + companion for companion in _COMPANIONS)):
        path.with_name(name).unlink(missing_ok=True)
    log.warning(
        "%s: deleted, %d newer ones are kept", path, MAX_KEPT, extra={"action": "ledger_aside_deleted"}
    )
