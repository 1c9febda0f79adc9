"""Who may log in as a user: the keys of an authorized_keys file."""

from __future__ import annotations

import pwd
from typing import Any, Final

from modules.context import Context
from modules.ssh import authorized_file
from modules.ssh.authorized_key import AuthorizedKey, split_options
from modules.ssh.local_file import read_local
from modules.ssh.public_key import HashType
from modules.ssh.user_file import UserFile
from modules.text_file import lines_of
from modules.user.record import find
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function

_CONFIG: Final = ".ssh/authorized_keys"


@function(replay="safe")
def auth_keys(
    ctx: Context,
    user: str | list[str] | None = None,
    config: str = _CONFIG,
    fingerprint_hash_type: HashType = "sha256",
) -> dict[str, Any]:
    """Return the keys that may log in as a user; of several users, or of all, by user.

    Of several, those without keys and those whose file cannot be read are left out.

    CLI Example:

        shoal '*' ssh.auth_keys root
        shoal '*' ssh.auth_keys
        shoal '*' ssh.auth_keys '["root", "nobody"]'
    """
    if isinstance(user, str):
        return _described(UserFile.of(user, config), fingerprint_hash_type)
    found: dict[str, Any] = {}
    for name in user or sorted({each.pw_name for each in pwd.getpwall()}):
        try:
            keys = _described(UserFile.of(name, config), fingerprint_hash_type)
        except ModuleError:
            continue  # one hostile home must not hide all others
        if keys:
            found[name] = keys
    return found


@function(replay="safe")
def set_auth_key(
    ctx: Context,
    user: str,
    key: str,
    enc: str = "",
    comment: str = "",
    options: str | list[str] | None = None,
    config: str = _CONFIG,
) -> str:
    """Let a key log in as a user, with these options only; return `new`, `replace` or `no change`.

    The key's kind comes from the key itself; `enc`, if given, must agree. A whole line of a .pub file will do.

    CLI Example:

        shoal '*' ssh.set_auth_key alice AAAAC3NzaC1lZDI1NTE5AAAA… comment=alice@laptop
        shoal '*' ssh.set_auth_key alice AAAAC3NzaC1lZDI1NTE5AAAA… options='no-pty,from="10.1.0.0/16,10.2.0.0/16"'
    """
    wanted = _wanted(key, enc, comment, options)
    return _set(UserFile.of(user, config), [wanted])


@function(replay="safe")
def set_auth_key_from_file(ctx: Context, user: str, source: str, config: str = _CONFIG) -> str:
    """Let all keys of a file that lies on the box log in; return `new`, `replace` or `no change`.

    CLI Example:

        shoal '*' ssh.set_auth_key_from_file alice /etc/keys/alice.pub
    """
    wanted = []
    for number, line in enumerate(lines_of(read_local(source)), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            read = AuthorizedKey.read(line)
            if read is None:
                raise ArgumentError(f"{source}:{number} is no public key; nothing was changed")
            wanted.append(read)
    if not wanted:
        raise ArgumentError(f"{source} holds no public key")
    return _set(UserFile.of(user, config), wanted)


@function(replay="safe")
def rm_auth_key(ctx: Context, user: str, key: str, config: str = _CONFIG, missing_ok: bool = False) -> str:
    """Take a key out of a user's file, wherever it stands in it, and say whether it was there.

    `missing_ok`: there need not be such a user.

    CLI Example:

        shoal '*' ssh.rm_auth_key alice AAAAC3NzaC1lZDI1NTE5AAAA…
    """
    public = AuthorizedKey.made(key, "", "", []).public
    if missing_ok and find(user) is None:
        return f"User {user} not present"
    file = UserFile.of(user, config)
    if not file.exists():
        return f"Authorized keys file {file.path} not present"
    text = file.read()
    if public not in (each.public for each in authorized_file.keys_in(text)):
        return "Key not present"
    file.write(authorized_file.without_key(text, public.key))
    return "Key removed"


@function(replay="safe")
def check_key(
    ctx: Context,
    user: str,
    key: str,
    enc: str = "",
    comment: str = "",
    options: str | list[str] | None = None,
    config: str = _CONFIG,
) -> str:
    """Say what `ssh.set_auth_key` would have to do: `add`, `update` or, if all is as wanted, `exists`.

    CLI Example:

        shoal '*' ssh.check_key alice AAAAC3NzaC1lZDI1NTE5AAAA… comment=alice@laptop
    """
    wanted = _wanted(key, enc, comment, options)
    return authorized_file.compare(UserFile.of(user, config).read(), wanted)


def _wanted(key: str, enc: str, comment: str, options: str | list[str] | None) -> AuthorizedKey:
    listed = split_options(options) if isinstance(options, str) else options or []
    return AuthorizedKey.made(key, enc, comment, listed)


def _set(file: UserFile, wanted: list[AuthorizedKey]) -> str:
    text = file.read()
    done = []
    for key in wanted:
        done.append(authorized_file.compare(text, key))
        text = authorized_file.with_key(text, key)
    worst = next((each for each in ("update", "add") if each in done), "exists")
    if worst != "exists":
        file.write(text)
    return authorized_file.DONE[worst]


def _described(file: UserFile, hash_type: HashType) -> dict[str, Any]:
    return {key.public.key: key.described(hash_type) for key in authorized_file.keys_in(file.read())}
