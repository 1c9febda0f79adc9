"""Chooses the box's package manager: that of its family if it is there, else the first whose programs are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from modules import shell
from modules.context import Context
from modules.pkg.apk import Apk
from modules.pkg.apt import Apt
from modules.pkg.contract import PackageManager
from modules.pkg.dnf import PROGRAMS, Dnf
from shoal.errors import UnavailableError

Make = Callable[[Context], PackageManager]
_OF_FAMILY: Final[dict[str, str]] = {"Debian": "apt", "RedHat": "dnf", "Alpine": "apk"}
_HANDS: Final[dict[str, Make]] = {"apt": Apt, "dnf": Dnf, "apk": Apk}


def package_manager(ctx: Context) -> PackageManager:
    """Return the package manager of this box. Raises UnavailableError if it has none that we know."""
    family = _OF_FAMILY.get(str(ctx.grains.get("os_family", "")), "")
    for name in sorted(_HANDS, key=lambda each: each != family):
        if _is_here(name):
            return _HANDS[name](ctx)
    raise UnavailableError("pkg", "the box has none of apt, dnf, yum and apk")


def _is_here(name: str) -> bool:
    if name == "apt":
        return bool(shell.which("apt-get") and shell.which("dpkg-query"))
    if name == "dnf":
        return bool(shell.which("rpm")) and any(map(shell.which, PROGRAMS))
    return bool(shell.which("apk"))
