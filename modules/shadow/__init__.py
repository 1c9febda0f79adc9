"""Passwords of local users: what is set, and setting, locking and taking away.

A hash goes to chpasswd by stdin, is on no command line and in no error. `shadow.info` shows stars in its place.
"""

from __future__ import annotations

from typing import Any, Final

from modules.context import Context
from modules.shadow import entry
from modules.shadow.crypt_hash import Algorithm, check_hash, make_hash
from modules.user.names import check_user_name
from modules.user.program import change
from shoal.errors import ModuleError
from shoal.functions.function import function

_NOBODY: Final[dict[str, Any]] = dict.fromkeys(
    ("name", "passwd", "lstchg", "min", "max", "warn", "inact", "expire"), ""
)


@function(replay="safe")
def info(ctx: Context, name: str, reveal: bool = False) -> dict[str, Any]:
    """Return a user's entry in /etc/shadow, the hash as stars; with `reveal` the hash itself.

    All fields are empty for a user without an entry. Unlike Salt's, the answer, which is kept on the master,
    does not hold the hash unless asked.

    CLI Example:

        shoal '*' shadow.info root
    """
    found = entry.find(name)
    return found.described(reveal=reveal) if found else dict(_NOBODY)


@function(replay="safe")
def list_users(ctx: Context) -> list[str]:
    """List the users that have an entry in /etc/shadow.

    CLI Example:

        shoal '*' shadow.list_users
    """
    return sorted({each.name for each in entry.all_entries()})


@function(replay="safe")
def gen_password(ctx: Context, password: str, crypt_salt: str = "", algorithm: Algorithm = "sha512") -> str:
    """Return the hash of a password, for `shadow.set_password`, made by openssl or mkpasswd.

    CLI Example:

        shoal '*' shadow.gen_password 'I am not a good one'
        shoal '*' shadow.gen_password secret crypt_salt=abcdefgh algorithm=sha256
    """
    return make_hash(password, crypt_salt, algorithm)


@function(replay="safe")
def set_password(ctx: Context, name: str, password: str) -> bool:
    """Set a user's password to a hash, as `shadow.gen_password` returns it.

    What does not look like a hash is refused: Salt writes a plain password into the file as it is.

    CLI Example:

        shoal '*' shadow.set_password alice '$6$abcdefgh$…'
    """
    entry.must_find(check_user_name(name))
    change("chpasswd", "--encrypted", stdin=f"{name}:{check_hash(password)}\n", secret=True)
    if entry.must_find(name).passwd != password:
        raise ModuleError(f"chpasswd ended well, but {entry.PATH} does not hold the new password of {name}")
    return True


@function(replay="safe")
def del_password(ctx: Context, name: str) -> bool:
    """Take a user's password away: whoever the box lets in without one needs none. See `shadow.lock_password`.

    CLI Example:

        shoal '*' shadow.del_password alice
    """
    if entry.must_find(check_user_name(name)).passwd:
        change("passwd", "--delete", "--", name)
    return not entry.must_find(name).passwd


@function(replay="safe")
def lock_password(ctx: Context, name: str) -> bool:
    """Lock a user's password; keys and other ways in still work.

    CLI Example:

        shoal '*' shadow.lock_password alice
    """
    if not entry.must_find(check_user_name(name)).locked:
        change("usermod", "--lock", "--", name)
    return entry.must_find(name).locked


@function(replay="safe")
def unlock_password(ctx: Context, name: str) -> bool:
    """Unlock a user's password; fails if there is none behind the lock.

    CLI Example:

        shoal '*' shadow.unlock_password alice
    """
    if entry.must_find(check_user_name(name)).locked:
        change("usermod", "--unlock", "--", name)
    if entry.must_find(name).locked:
        raise ModuleError(f"user {name} stays locked: there is no password behind the lock, set one")
    return True
