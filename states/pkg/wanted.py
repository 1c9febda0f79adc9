"""What an SLS asks of packages: names with versions, files, and how. Spellings are Salt's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from modules.pkg import names as checks
from modules.pkg.contract import LOCK_TIMEOUT_S, InstallOptions, PackageReader
from modules.pkg.versions import chosen, is_wish, without_epoch
from shoal.errors import ArgumentError

Packages = list[Any]  # names, or {name: version}; YAML makes numbers of some versions
FRESH_S: Final = 300  # a refresh is not repeated within that, unless the SLS says otherwise
LATEST: Final = "latest"
_OWN: Final = ("refresh", "cache_valid_time", "hold", "reinstall")  # what states see to themselves


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageOptions:
    """How packages are installed. What weakens a check is off unless said."""

    refresh: bool | None = None  # fetch the lists first; null = if they are older than five minutes
    cache_valid_time: int | None = None  # seconds in which lists are new enough
    fromrepo: str = ""
    skip_verify: bool = False
    install_recommends: bool = True
    only_upgrade: bool = False
    update_holds: bool = False
    allow_downgrades: bool = True  # an older version that is asked for by its number is meant
    force_conf_new: bool = False
    lock_timeout: float = LOCK_TIMEOUT_S

    @property
    def valid_s(self) -> int:
        """Return how old lists may be."""
        return FRESH_S if self.cache_valid_time is None else self.cache_valid_time

    def given(self) -> dict[str, Any]:
        """Return what `pkg.install` takes of it, as far as that is not the default."""
        wanted = {
            name: value
            for name in InstallOptions.__dataclass_fields__
            if name not in _OWN and hasattr(self, name)
            if (value := getattr(self, name)) != getattr(InstallOptions(), name)
        }
        if self.refresh is False:
            return wanted
        valid = self.valid_s if self.refresh is None or self.cache_valid_time else 0
        return {**wanted, "refresh": True, "cache_valid_time": valid}

    def install_options(self) -> InstallOptions:
        """Return it as the package manager takes it, without a refresh."""
        given = {k: v for k, v in self.given().items() if k not in ("refresh", "cache_valid_time")}
        return InstallOptions(**given)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledOptions(PackageOptions):
    """What else `pkg.installed` takes."""

    hold: bool | None = None  # null leaves it
    reinstall: bool = False
    allow_updates: bool = False  # a newer version than the one that is asked for will do
    ignore_epoch: bool = False


def versions_of(
    manager: PackageReader, name: str, pkgs: Packages | None, version: Any = None
) -> dict[str, str]:
    """Return the wished version by package, "" for any. Raises ArgumentError."""
    if pkgs is None:
        return {manager.check_name(each): _text(version) for each in checks.split(name)}
    found: dict[str, str] = {}
    for each in pkgs:
        pairs = each.items() if isinstance(each, Mapping) else [(each, "")]
        for key, wish in pairs:
            found[manager.check_name(_text(key))] = _text(wish)
    checks.counted(found)
    return found


def suits(
    manager: PackageReader, wish: str, here: Sequence[str], *, allow_updates: bool, ignore_epoch: bool
) -> bool:
    """Say whether one of the versions that are here is what was wished."""
    if not here or not wish:
        return bool(here)
    if is_wish(wish):
        return bool(chosen(wish, list(here)[::-1], manager.compare))
    for each in here:
        left, right = (without_epoch(each), without_epoch(wish)) if ignore_epoch else (each, wish)
        order = manager.compare(left, right)
        if order == 0 or (allow_updates and order > 0) or fnmatchcase(each, wish):
            return True
    return False


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ArgumentError(f"{str(value)[:60]!r} is no package or version; write a name, or name: version")
    return str(value).strip()
