"""One line of an authorized_keys file: options, kind, key, comment. Commas and blanks within quotes belong to a value.

Pure: no IO.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from modules.ssh.public_key import KIND, HashType, PublicKey
from shoal.errors import ArgumentError

_OPTION: Final = re.compile(r'[A-Za-z0-9-]+(?:="(?:[^"\\]|\\.)*")?', re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizedKey:
    """A key that may log in, and how."""

    public: PublicKey
    comment: str = ""
    options: tuple[str, ...] = ()

    @classmethod
    def read(cls, line: str) -> AuthorizedKey | None:
        """Return what a line says; None for a comment, an empty line and what cannot be read."""
        line = line.strip()
        if not line or line.startswith("#"):
            return None
        options: tuple[str, ...] = ()
        if not KIND.fullmatch(line.split(None, 1)[0]):
            first, line = _cut(line)
            options = tuple(split_options(first))
        words = line.split(None, 2)
        if len(words) < 2 or not KIND.fullmatch(words[0]):
            return None
        try:
            public = PublicKey.read(words[1], words[0])
        except ArgumentError:
            return None
        return cls(public=public, comment=words[2].strip() if len(words) > 2 else "", options=options)

    @classmethod
    def made(cls, key: str, enc: str, comment: str, options: list[str]) -> AuthorizedKey:
        """Return a key from its parts; `key` may be a whole line of a .pub file. Raises ArgumentError."""
        words = key.split(None, 2)
        if len(words) > 1 and KIND.fullmatch(words[0]):
            enc, key = enc or words[0], words[1]
            comment = comment or "".join(words[2:])
        made = cls(
            public=PublicKey.read(key.strip(), enc),
            comment=comment.strip(),
            options=tuple(check_options(options)),
        )
        if not made.comment.isprintable():
            raise ArgumentError("comment must be one line")
        return made

    def text(self) -> str:
        """Return the line."""
        return " ".join(
            filter(None, (",".join(self.options), self.public.enc, self.public.key, self.comment))
        )

    def described(self, hash_type: HashType) -> dict[str, Any]:
        """Return what `ssh.auth_keys` tells of a key."""
        return {
            "enc": self.public.enc,
            "comment": self.comment,
            "options": list(self.options),
            "fingerprint": self.public.fingerprint(hash_type),
        }


def split_options(text: str) -> list[str]:
    """Return the options of a list with commas between; a comma within quotes is part of a value."""
    found, start, quoted, at = [], 0, False, 0
    while at < len(text):
        sign = text[at]
        if sign == "\\" and quoted:
            at += 1  # whatever follows is part of the value
        elif sign == '"':
            quoted = not quoted
        elif sign == "," and not quoted:
            found.append(text[start:at].strip())
            start = at + 1
        at += 1
    return [*filter(None, [*found, text[start:].strip()])]


def check_options(options: list[str]) -> list[str]:
    """Return the options. Raises ArgumentError for one that would be read as something else."""
    for each in options:
        if not _OPTION.fullmatch(each) or not each.isprintable():
            raise ArgumentError(
                f'{each[:60]!r} is no option: write name or name="value", a quote within as \\"'
            )
    return options


def _cut(line: str) -> tuple[str, str]:
    """Return the first word, which may hold blanks within quotes, and the rest."""
    quoted, at = False, 0
    while at < len(line):
        sign = line[at]
        if sign == "\\" and quoted:
            at += 1
        elif sign == '"':
            quoted = not quoted
        elif sign.isspace() and not quoted:
            break
        at += 1
    return line[:at], line[at:].strip()
