"""An edit: read a file, work out the new text, keep the old one, write. One corridor for all that change lines.

Two edits at once follow each other. A change by another program in between is found, and the edit starts afresh.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from modules.atomic_file import ChangedError, put
from modules.context import Context
from modules.file.backup_store import keep
from modules.file.content import Snapshot, snapshot, to_bytes, to_text
from modules.file.difference import unified
from modules.file.place import explained, shown
from modules.held_folder import entered

_TRIES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """What an edit did, or with a dry run would do."""

    changed: bool
    before: str = ""
    after: str = ""

    def told(self, *, show_changes: bool) -> str | bool:
        """Return the unified difference ("" if nothing changed), or only whether something changed."""
        return unified(self.before, self.after) if show_changes else self.changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How to edit."""

    backup: bool | str = False  # see `backup_store.keep`
    dry_run: bool = False
    create: bool = False  # a missing file is an empty one


_PLAIN: Final = Manner()


def edit(ctx: Context, path: Path, change: Callable[[str], str], manner: Manner = _PLAIN) -> Edited:
    """Give the file the text that `change` makes of its own. Raises ModuleError.

    Follows links; the file behind them gets the new text.
    """
    with explained(path, "edited"), entered(path) as (folder, target):
        for left in reversed(range(_TRIES)):
            old = _read(folder, target, manner)
            before = to_text(old.data)
            after = change(before)
            if after == before and (old.version or not manner.create):
                return Edited(changed=False)
            data = to_bytes(after)
            if not manner.dry_run:
                if manner.backup and old.version:
                    keep(ctx, folder, target, old.data, manner.backup)
                try:
                    put(folder, target, data, expected=old.version)
                except ChangedError:
                    if not left:
                        raise
                    continue
            return Edited(changed=True, before=before, after=after)
    raise AssertionError(f"{shown(path)}: the last try returns or raises")


def _read(folder: int, target: Path, manner: Manner) -> Snapshot:
    try:
        return snapshot(target, folder)
    except FileNotFoundError:
        if not manner.create:
            raise
        return Snapshot(b"", None)
