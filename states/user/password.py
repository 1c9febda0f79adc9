"""What differs in a user's password and its ageing. The way back is the whole entry of /etc/shadow as it was."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from typing import Final

from modules import shadow
from modules.shadow import ageing, restoring
from modules.shadow.crypt_hash import Algorithm, check_hash, make_hash
from modules.shadow.entry import ShadowEntry, blank
from states.plan import Call, Step, call
from states.user.difference import REDACTED, Difference
from states.user.wanted import Wanted

_MADE: Final = re.compile(r"\$([56])\$(?:rounds=[0-9]+\$)?([./0-9A-Za-z]{1,16})\$")
_ALGORITHMS: Final[dict[str, Algorithm]] = {"5": "sha256", "6": "sha512"}
_SETTERS: Final[dict[str, tuple[str, Callable[..., bool]]]] = {
    "date": ("lstchg", ageing.set_date),
    "mindays": ("min", ageing.set_mindays),
    "maxdays": ("max", ageing.set_maxdays),
    "inactdays": ("inact", ageing.set_inactdays),
    "warndays": ("warn", ageing.set_warndays),
    "expire": ("expire", ageing.set_expire),
}
NEW: Final = blank("!")  # of an account that was just made


def differences(found: ShadowEntry, wanted: Wanted, name: str, undo: Call, salt: str) -> Iterator[Difference]:
    """Yield what is to be changed; `salt` is for a hash that is to be made. Raises ArgumentError."""
    if wanted.empty_password:
        yield from _no_password(found, name, undo)
    else:
        yield from _password(found, wanted, name, undo, salt)
    for field, (key, function) in _SETTERS.items():
        asked = getattr(wanted, field)
        if asked is None:
            continue
        days = ageing.day(asked) if field in ("date", "expire") else asked
        if days != getattr(found, key):
            step = Step(do=call(function, **{"name": name, field: days}), undo=undo)
            yield Difference(shown=f"{field}: {asked}", step=step, changes={key: days})


def kept(found: ShadowEntry, name: str) -> Call:
    """Return the call that makes the entry what it is now."""
    return call(restoring.restore, name=name, kept=restoring.packed(found))


def salt_for(minion_id: str, name: str) -> str:
    """Return the salt of a user's hash: another one for each user of each box, and the same in each plan."""
    return hashlib.sha256(f"{minion_id}\0{name}".encode()).hexdigest()[:16]


def _no_password(found: ShadowEntry, name: str, undo: Call) -> Iterator[Difference]:
    if found.passwd:
        step = Step(do=call(shadow.del_password, name=name), undo=undo)
        yield Difference(shown="empty_password: True", step=step, changes={"passwd": REDACTED})


def _password(found: ShadowEntry, wanted: Wanted, name: str, undo: Call, salt: str) -> Iterator[Difference]:
    changes = {"passwd": REDACTED}
    marks, bare = _split(found.passwd)
    if wanted.password:
        hashed = _hash(wanted, bare, salt)
        if hashed.lstrip("!") != bare and (wanted.enforce_password or not bare.strip("*")):
            stays = wanted.password_lock or (wanted.password_lock is None and marks and bare.startswith("$"))
            locked = "!" if stays and not hashed.startswith("!") else ""
            step = Step(do=call(shadow.set_password, name=name, password=locked + hashed), undo=undo)
            yield Difference(shown=f"passwd: {REDACTED}", step=step, changes=changes)
            return
    if wanted.password_lock is not None and wanted.password_lock != bool(marks):
        function = shadow.lock_password if wanted.password_lock else shadow.unlock_password
        step = Step(do=call(function, name=name), undo=undo)
        yield Difference(shown=f"password_lock: {wanted.password_lock}", step=step, changes=changes)


def _split(passwd: str) -> tuple[str, str]:
    bare = passwd.lstrip("!")
    return passwd[: len(passwd) - len(bare)], bare


def _hash(wanted: Wanted, present: str, salt: str) -> str:
    """Return the wanted hash; of a plain password the present one if that is made from it. Raises ArgumentError."""
    text = str(wanted.password)
    if not wanted.hash_password:
        return check_hash(text)
    found = _MADE.match(present)
    if found and make_hash(text, found[2], _ALGORITHMS[found[1]]) == present:
        return present
    return make_hash(text, salt, "sha512")
