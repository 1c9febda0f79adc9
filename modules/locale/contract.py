"""What a family of distributions has to know about locales."""

from __future__ import annotations

from typing import Protocol

from modules.locale.locale_name import LocaleName


class Locales(Protocol):
    """The hand for one family."""

    def settings_file(self) -> str:
        """Return the file whose LANG is the system's locale."""

    def generate(self, name: LocaleName) -> str:
        """Make a locale that is not there yet and return what the program said. Raises ModuleError."""
