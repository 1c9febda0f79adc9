"""The way back of a change of a user's password or its ageing: the entry of /etc/shadow as it was.

The entry travels packed in a journal of the box, which nobody but root reads: not legible, but no secret either.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from dataclasses import asdict
from typing import Final

from modules.context import Context
from modules.shadow import entry
from modules.shadow.crypt_hash import check_hash
from modules.shadow.entry import ShadowEntry
from modules.user.names import check_user_name
from modules.user.program import change
from shoal.errors import ArgumentError
from shoal.functions.function import function

_MAX_BYTES: Final = 4096
_UNREADABLE: Final = "kept is not an entry of /etc/shadow as a state keeps it"
_FLAGS: Final = {
    "lstchg": "--lastday",
    "min": "--mindays",
    "max": "--maxdays",
    "warn": "--warndays",
    "inact": "--inactive",
    "expire": "--expiredate",
}


@function(replay="safe")
def restore(ctx: Context, name: str, kept: str) -> bool:
    """Give a user the entry in /etc/shadow that a state has kept, and say whether that is a change.

    CLI Example:

        shoal '*' shadow.restore alice 'c%0|…'
    """
    wanted, now = unpacked(kept), entry.must_find(check_user_name(name))
    if wanted.passwd != now.passwd:
        if wanted.passwd:
            change("chpasswd", "--encrypted", stdin=f"{name}:{check_hash(wanted.passwd)}\n", secret=True)
        else:
            change("passwd", "--delete", "--", name)
    now = entry.must_find(name)  # the day of the last change is another one now
    words = [
        word
        for field, flag in _FLAGS.items()
        if getattr(now, field) != getattr(wanted, field)
        for word in (flag, str(getattr(wanted, field)))
    ]
    if words:
        change("chage", *words, "--", name)
    return bool(words) or now.passwd != wanted.passwd


def packed(found: ShadowEntry) -> str:
    """Return an entry as `shadow.restore` takes it."""
    return base64.b85encode(zlib.compress(json.dumps(asdict(found)).encode(), 9)).decode()


def unpacked(text: str) -> ShadowEntry:
    """Return the entry. Raises ArgumentError, which shows nothing of it."""
    try:
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(base64.b85decode(text), _MAX_BYTES)
        found = ShadowEntry(**json.loads(data))
    except (ValueError, TypeError, binascii.Error, zlib.error):
        raise ArgumentError(_UNREADABLE) from None
    days = all(type(getattr(found, field)) is int for field in _FLAGS)
    if not unpacker.eof or not days or not isinstance(found.passwd, str):
        raise ArgumentError(_UNREADABLE)
    return found
