"""What a package manager must be able to do, and the values that travel between functions and hands.

A hand trusts its arguments: names, versions and repositories were checked by `names` before. It starts
programs, waits for other programs' locks, and raises only `ModuleError`s. Versions are texts in the package
manager's own spelling (`[epoch:]version-release`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

LOCK_TIMEOUT_S: Final = 300.0  # an unattended upgrade may take minutes

Versions = dict[str, list[str]]  # by name; what is installed: oldest first, what is on offer: newest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One package to install: by name, by name and version, or from a file."""

    name: str
    version: str = ""
    path: str = ""
    older: bool = False  # the version is lower than what is installed


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallOptions:
    """How to install. Spellings are Salt's; whatever weakens a check is off unless said."""

    version: str = ""  # of the one package `name`: exact, `1.2*`, or `>=1.2,<2`
    refresh: bool = False
    cache_valid_time: int = 0  # seconds in which a refresh is not repeated
    fromrepo: str = ""  # apt: release; dnf: repository id; apk: tag
    install_recommends: bool = True
    only_upgrade: bool = False
    reinstall: bool = False
    downloadonly: bool = False
    hold: bool = False  # hold the packages afterwards
    update_holds: bool = False  # held packages may change
    allow_downgrades: bool = False
    skip_verify: bool = False  # install what is not signed
    force_conf_new: bool = False  # take the package's configuration files over the box's
    lock_timeout: float = LOCK_TIMEOUT_S


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeOptions:
    """How to upgrade everything."""

    dist_upgrade: bool = False  # other packages may be installed and removed for it
    downloadonly: bool = False
    skip_verify: bool = False
    force_conf_new: bool = False
    fromrepo: str = ""
    lock_timeout: float = LOCK_TIMEOUT_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that the package manager says it would do; "" = no version on that side."""

    name: str
    old: str = ""
    new: str = ""


class PackageReader(Protocol):
    """The part of a package manager that only reads."""

    name: str

    def check_name(self, name: str) -> str:
        """Return `name`, without the architecture if that is the box's own. Raises ArgumentError."""

    def installed(self) -> Versions:
        """Return what is installed."""

    def leftovers(self) -> dict[str, str]:
        """Return what was removed but has configuration files left, with its last version."""

    def purge_desired(self) -> dict[str, str]:
        """Return what is installed and marked to be purged."""

    def on_offer(self, names: Sequence[str], fromrepo: str = "") -> Versions:
        """Return the versions that repositories have; a name that is unknown to them is left out."""

    def candidates(self, names: Sequence[str], fromrepo: str = "") -> dict[str, str]:
        """Return the version that an installation would choose; "" for one that has no choice."""

    def matching(self, pattern: str) -> list[str]:
        """Return the names on offer that match a shell pattern."""

    def planned_upgrade(self, *, dist_upgrade: bool) -> list[Step]:
        """Return what an upgrade would do now."""

    def planned_install(self, wanted: Sequence[Wanted], options: InstallOptions) -> list[Step] | None:
        """Return what an installation would do now, None if that cannot be told. Raises CommandError, ArgumentError."""

    def planned_removal(self, names: Sequence[str], *, purge: bool) -> list[Step] | None:
        """Return what a removal would do now, None if that cannot be told. Raises CommandError."""

    def lists_age(self) -> float | None:
        """Return how many seconds old the lists of what is on offer are, None if they are renewed when asked."""

    def compare(self, left: str, right: str) -> int:
        """Return -1, 0 or 1."""

    def details(self, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return what is known of installed packages; without names of all."""

    def catalogue(self, names: Sequence[str]) -> dict[str, dict[str, dict[str, str]]]:
        """Return the repositories' records by name and version."""

    def files(self, name: str) -> list[str] | None:
        """Return the paths of an installed package, None if it is not installed."""

    def owners(self, path: str) -> list[str]:
        """Return the packages that own a path."""

    def verify(self, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return the files that are not as their package brought them."""

    def holds(self) -> list[str]:
        """Return the packages that an upgrade leaves alone."""

    def orphans(self) -> dict[str, str]:
        """Return what came as a dependency and is needed no longer."""


class PackageManager(PackageReader, Protocol):
    """All of a package manager. Each change waits up to `wait_s` for locks of other programs."""

    def refresh(self, max_age_s: float, wait_s: float) -> dict[str, bool | None]:
        """Fetch the lists: True = new, None = was current, False = failed; {} if younger than `max_age_s`."""

    def repair(self, wait_s: float) -> bool:
        """Finish what an interrupted run left undone; say whether there was anything."""

    def install(self, wanted: Sequence[Wanted], options: InstallOptions) -> None:
        """Install."""

    def remove(self, names: Sequence[str], *, purge: bool, wait_s: float) -> None:
        """Remove, with configuration files if `purge`."""

    def upgrade(self, options: UpgradeOptions) -> None:
        """Upgrade everything."""

    def autoremove(self, *, purge: bool, wait_s: float) -> None:
        """Remove the orphans."""

    def hold(self, names: Sequence[str], held: bool, wait_s: float) -> None:
        """Hold packages, or let them go."""

    def clean(self, wait_s: float) -> None:
        """Delete downloaded package files."""
