"""What a change did: the listing before against the listing after, `{name: {"old": …, "new": …}}`.

What the package manager says it did is never believed; only what is there counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from modules.pkg.contract import PackageManager
from shoal.errors import CommandError

Changes = dict[str, dict[str, str]]

# No package can be called so. The form is that of a change: whoever counts changes may count it.
REPAIRED: Final[Changes] = {"(interrupted run)": {"old": "unfinished", "new": "repaired"}}


class PackageError(CommandError):
    """A change failed; `changes` is what it did all the same."""

    def __init__(self, message: str, changes: Changes) -> None:
        self.changes = changes
        done = ", ".join(f"{name} {_arrow(each)}" for name, each in sorted(changes.items())[:10])
        more = f" and {len(changes) - 10} more" if len(changes) > 10 else ""
        super().__init__(f"{message}; changed all the same: {done}{more}" if changes else message)


class Change:
    """One change of the box's packages: what is there before it, the repair of an interrupted run, what is after."""

    def __init__(self, manager: PackageManager, wait_s: float, *, leftovers: bool = False) -> None:
        self._manager = manager
        self._wait_s = wait_s
        self._leftovers = leftovers  # configuration files that were left count as installed
        self.before = self._listing()

    def made(self, call: Callable[[], None]) -> Changes:
        """Call what changes and return what differs. Raises PackageError with what was done all the same."""
        repaired: Changes = {}
        try:
            repaired = REPAIRED if self._manager.repair(self._wait_s) else {}
            call()
        except CommandError as error:
            raise PackageError(str(error), {**difference(self.before, self._listing()), **repaired}) from None
        return {**difference(self.before, self._listing()), **repaired}

    def _listing(self) -> dict[str, list[str]]:
        left = self._manager.leftovers() if self._leftovers else {}
        return {**{name: [version] for name, version in left.items()}, **self._manager.installed()}


def difference(before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]) -> Changes:
    """Return what differs between two listings, by name."""
    found: Changes = {}
    for name in sorted(before.keys() | after.keys()):
        old, new = joined(before.get(name, ())), joined(after.get(name, ()))
        if old != new:
            found[name] = {"old": old, "new": new}
    return found


def joined(versions: Sequence[str]) -> str:
    """Return several versions as one text, as Salt does."""
    return ",".join(versions)


def _arrow(change: Mapping[str, str]) -> str:
    return f"{change['old'] or 'absent'} to {change['new'] or 'absent'}"
