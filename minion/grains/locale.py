"""Language, encoding and time zone."""

from __future__ import annotations

import sys
import time
from typing import Any, Final

from minion.grains.sources import Sources

_VARIABLES: Final = ("LC_ALL", "LC_CTYPE", "LANG")
_FILES: Final = ("etc/default/locale", "etc/locale.conf")


def collect(sources: Sources) -> dict[str, Any]:
    """Return `locale_info` (as set for this process, else for the box) and `timezone` (`Europe/Oslo`)."""
    setting = next((sources.environ[name] for name in _VARIABLES if sources.environ.get(name)), "")
    if not setting:
        setting = next((lang for path in _FILES if (lang := sources.assignments(path).get("LANG"))), "")
    language, _, encoding = setting.partition("@")[0].partition(".")
    grains: dict[str, Any] = {
        "locale_info": {
            "defaultlanguage": language or "C",
            "defaultencoding": encoding or "UTF-8",
            "detectedencoding": sys.getfilesystemencoding(),
            "timezone": time.tzname[time.localtime().tm_isdst > 0],
        }
    }
    if zone := _zone(sources):
        grains["timezone"] = zone
    return grains


def _zone(sources: Sources) -> str:
    return sources.link("etc/localtime").rpartition("zoneinfo/")[2] or sources.text("etc/timezone")
