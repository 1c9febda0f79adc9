"""The way back of a change of a small text file: its earlier content, packed, so that it fits into a journal.

A content is put back only over what the change had left there. Whatever somebody else wrote since is not lost.
"""

from __future__ import annotations

import base64
import hashlib
import os
import zlib
from pathlib import Path
from typing import Final

from modules.context import Context
from modules.text_file import MAX_BYTES, delete, edit_bytes, read_bytes
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function

_WAS_ABSENT: Final = ""


@function(replay="safe")
def put_back(ctx: Context, path: str, content: str = _WAS_ABSENT, left: str = "") -> bool:
    """Give a small text file its earlier content again; without `content` it was not there, and is deleted.

    States write `content` (packed) and `left`, the digest of what they left there, into their journal. A file that is
    neither so nor as before has been changed since: that is refused. Owner and mode stay.

    CLI Example:

        shoal '*' file.put_back /etc/nothing-of-that-name
    """
    earlier = _unpacked(content) if content else None
    if not os.path.lexists(path):
        if earlier is None:
            return False
        raise ModuleError(f"{path} is not there any more: its earlier content is not put back")
    now = read_bytes(path)
    if now == earlier:
        return False
    if not left or hashlib.sha256(now).hexdigest() != left:
        raise ModuleError(f"{path} was changed since: its earlier content is not put back")
    if earlier is None:
        delete(path)
        return True
    return edit_bytes(path, lambda _: earlier)


def way_back(path: str, before: bytes | None, after: bytes) -> dict[str, str]:
    """Return what `put_back` takes to turn `after` into `before`; None = there was no file."""
    packed = _WAS_ABSENT if before is None else base64.b85encode(zlib.compress(before, 9)).decode()
    return {"path": path, "content": packed, "left": hashlib.sha256(after).hexdigest()}


def content_of(path: str) -> bytes | None:
    """Return the content of a small text file, None if there is none. Raises ModuleError."""
    return read_bytes(path) if Path(path).exists() else None


def _unpacked(text: str) -> bytes:
    try:
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(base64.b85decode(text), MAX_BYTES + 1)
        whole = unpacker.eof
    except (ValueError, zlib.error):
        whole = False
    if not whole:
        raise ArgumentError("file.put_back: content is not a packed content as a journal has it")
    return data
