"""One line of /etc/shadow, and reading them. A hash leaves this room only when somebody asks for it by name.

The file is read here and never written: chpasswd, usermod, passwd and chage do that, under the file's lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from shoal.errors import ModuleError

PATH: Final = "/etc/shadow"
MAX_BYTES: Final = 8 * 1024 * 1024
MASK: Final = "********"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowEntry:
    """What /etc/shadow says of a user. Days; -1 where nothing is said."""

    name: str
    passwd: str
    lstchg: int
    min: int
    max: int
    warn: int
    inact: int
    expire: int

    @classmethod
    def read(cls, line: str) -> ShadowEntry | None:
        """Return what a line says, None if it is not a line of the file."""
        parts = line.split(":")
        if len(parts) < 8 or not parts[0]:
            return None
        days = [_number(part) for part in parts[2:8]]
        return cls(
            name=parts[0],
            passwd=parts[1],
            lstchg=days[0],
            min=days[1],
            max=days[2],
            warn=days[3],
            inact=days[4],
            expire=days[5],
        )

    @property
    def locked(self) -> bool:
        """Whether the password is locked."""
        return self.passwd.startswith("!")

    @property
    def masked(self) -> str:
        """The password field with stars in place of the hash; the marks of a lock stay."""
        rest = self.passwd.lstrip("!*")
        return self.passwd if not rest else self.passwd[: -len(rest)] + MASK

    def described(self, *, reveal: bool) -> dict[str, Any]:
        """Return the entry as `shadow.info` does."""
        return {
            "name": self.name,
            "passwd": self.passwd if reveal else self.masked,
            "lstchg": self.lstchg,
            "min": self.min,
            "max": self.max,
            "warn": self.warn,
            "inact": self.inact,
            "expire": self.expire,
        }


def blank(passwd: str) -> ShadowEntry:
    """Return an entry that says nothing but this of a password, and no name."""
    return ShadowEntry(name="", passwd=passwd, lstchg=-1, min=-1, max=-1, warn=-1, inact=-1, expire=-1)


def all_entries() -> list[ShadowEntry]:
    """Return the entries of the file. Raises ModuleError when it cannot be read."""
    try:
        with open(PATH, encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123  a bounded read
            text = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ModuleError(f"{PATH} cannot be read: {error.strerror}; the minion must run as root") from None
    if len(text) > MAX_BYTES:
        raise ModuleError(f"{PATH} is larger than {MAX_BYTES} bytes, it is not read")
    return [entry for line in text.split("\n") if (entry := ShadowEntry.read(line))]


def find(name: str) -> ShadowEntry | None:
    """Return the entry of `name`, or None. Raises ModuleError."""
    return next((each for each in all_entries() if each.name == name), None)


def must_find(name: str) -> ShadowEntry:
    """Return the entry of `name`. Raises ModuleError when there is none."""
    found = find(name)
    if found is None:
        raise ModuleError(f"user {name[:64]!r} has no entry in {PATH}")
    return found


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return -1
