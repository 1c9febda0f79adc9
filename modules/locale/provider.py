"""Chooses the hand by the box's family."""

from __future__ import annotations

from typing import Any

from modules.locale.contract import Locales
from modules.locale.debian import DebianLocales
from modules.locale.redhat import RedHatLocales
from shoal.errors import UnavailableError


def choose(family: Any) -> Locales:
    """Return the hand for the grain `os_family`. Raises UnavailableError."""
    if family == "Debian":
        return DebianLocales()
    if family in ("RedHat", "Suse"):  # both keep locale.conf and have localedef
        return RedHatLocales()
    raise UnavailableError(
        "locale", f"it is for Debian's and Red Hat's families, not {family or 'an unknown one'}"
    )
