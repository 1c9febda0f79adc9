"""The text of an authorized_keys file: finding, setting and removing a key. Other lines stay as they are. Pure."""

from __future__ import annotations

from typing import Final, Literal

from modules.ssh.authorized_key import AuthorizedKey
from modules.text_file import lines_of, text_of

Status = Literal["add", "update", "exists"]
DONE: Final = {"add": "new", "update": "replace", "exists": "no change"}


def keys_in(text: str) -> list[AuthorizedKey]:
    """Return the keys of the file, in order."""
    return [key for line in lines_of(text) if (key := AuthorizedKey.read(line))]


def compare(text: str, wanted: AuthorizedKey) -> Status:
    """Say what is to be done so that the file has the key just once and just so."""
    present = [key for key in keys_in(text) if key.public == wanted.public]
    if not present:
        return "add"
    return "exists" if present == [wanted] else "update"


def with_key(text: str, wanted: AuthorizedKey) -> str:
    """Return the file with the key, in the place where it was, else at the end."""
    lines, done = [], False
    for line in lines_of(text):
        read = AuthorizedKey.read(line)
        if read is None or read.public != wanted.public:
            lines.append(line)
        elif not done:
            lines.append(wanted.text())
            done = True
    if not done:
        lines.append(wanted.text())
    return text_of(lines)


def without_key(text: str, key: str) -> str:
    """Return the file without the key, given as base64."""
    kept = []
    for line in lines_of(text):
        read = AuthorizedKey.read(line)
        if read is None or read.public.key != key:
            kept.append(line)
    return text_of(kept)
