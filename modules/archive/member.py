"""One entry of an archive, the same for every format, and how its name is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["file", "dir", "symlink", "hardlink", "other"]
_SHOWN_CHARS: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """What an archive says of one entry. None of it has been checked."""

    name: str
    kind: Kind
    size: int = 0  # bytes of content
    mode: int = 0o644
    mtime: float = 0.0
    uid: int = -1  # -1 = the format does not say
    gid: int = -1
    uname: str = ""
    gname: str = ""
    target: str = ""  # of a link
    encrypted: bool = False

    @property
    def listed(self) -> str:
        """The name as a list shows it: text that can travel, a slash behind a folder."""
        name = clean(self.name)
        return f"{name.rstrip('/')}/" if self.kind == "dir" else name


def clean(name: str) -> str:
    """Return `name` as text that can travel; bytes that are not UTF-8 become `\\xNN`."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def shown(name: str) -> str:
    """Return `name` on one line of bounded length, for a message."""
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in clean(name))
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"
