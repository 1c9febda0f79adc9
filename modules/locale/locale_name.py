"""A locale's name in parts: `language_TERRITORY.codeset@modifier`. `utf8` and `UTF-8` are one codeset."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from shoal.errors import ArgumentError

_NAME: Final = re.compile(
    r"(?P<language>[A-Za-z]{1,8}(?:_[A-Za-z0-9]{1,8})?)(?:\.(?P<codeset>[A-Za-z0-9-]{1,20}))?(?:@(?P<modifier>[A-Za-z0-9]{1,20}))?",
    re.ASCII,
)
_SPELLED: Final = {"utf8": "UTF-8", "iso88591": "ISO-8859-1", "iso885915": "ISO-8859-15"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LocaleName:
    """One locale."""

    language: str  # with its territory: `de_AT`
    codeset: str
    modifier: str

    @staticmethod
    def parse(text: str) -> LocaleName:
        """Return the parts of a name; what is behind a space (`de_AT UTF-8`) is dropped. Raises ArgumentError."""
        found = _NAME.fullmatch(text.split(" ", 1)[0])
        if not found:
            raise ArgumentError(f"{text!r} is not the name of a locale such as de_AT.UTF-8")
        return LocaleName(
            language=found["language"], codeset=found["codeset"] or "", modifier=found["modifier"] or ""
        )

    @property
    def plain(self) -> tuple[str, str, str]:
        """What is equal for two spellings of one locale."""
        return self.language, self.codeset.lower().replace("-", ""), self.modifier

    @property
    def charmap(self) -> str:
        """The codeset as the sources of glibc spell it, "" if the name has none."""
        return _SPELLED.get(self.plain[1], self.codeset)

    def spelled(self) -> str:
        """Return the name as glibc's list of supported locales spells it."""
        codeset = f".{self.charmap}" if self.codeset else ""
        return f"{self.language}{codeset}{self.source_modifier}"

    @property
    def source_modifier(self) -> str:
        """The modifier with its sign, or nothing."""
        return f"@{self.modifier}" if self.modifier else ""
