"""The comment field of an account: full name, room, phone at work, phone at home, other; with commas between.

A comma within one of the first four, or a colon or new line anywhere, would move the fields; it is refused.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from shoal.errors import ArgumentError


@dataclass(frozen=True, slots=True, kw_only=True)
class Gecos:
    """The five fields, "" where there is nothing."""

    fullname: str = ""
    roomnumber: str = ""
    workphone: str = ""
    homephone: str = ""
    other: str = ""

    @classmethod
    def read(cls, text: str) -> Gecos:
        """Return what an account's comment says; whatever follows the fourth comma is `other`."""
        parts = [*text.split(",", 4), "", "", "", "", ""]
        return cls(
            fullname=parts[0], roomnumber=parts[1], workphone=parts[2], homephone=parts[3], other=parts[4]
        )

    def text(self) -> str:
        """Return the comment as useradd takes it. Raises ArgumentError for what does not fit in."""
        for name, value in self.fields().items():
            forbidden = ":" if name == "other" else ":,"
            if any(sign in value for sign in forbidden) or not value.isprintable():
                raise ArgumentError(f"{name} {value!r} must be one line without {' or '.join(forbidden)}")
        return ",".join(self.fields().values()).rstrip(",")

    def fields(self) -> dict[str, str]:
        """Return the fields by name."""
        return asdict(self)
