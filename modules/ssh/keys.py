"""Keys that lie on the box: users' and the host's own. What is private stays where it is unless asked for by name.

A private key that is returned is kept on the master with the job: Salt does that unasked.
"""

from __future__ import annotations

import base64
import binascii
import pwd
import re
from pathlib import Path
from typing import Final

from modules.context import Context
from modules.ssh.local_file import read_local
from modules.ssh.user_file import UserFile
from shoal.errors import ModuleError
from shoal.functions.function import function

HOST_KEYS: Final = "/etc/ssh"
_KINDS: Final = ("dsa", "rsa", "ecdsa", "ecdsa_sk", "ed25519", "ed25519_sk")
_HOST_KEY: Final = re.compile(r"ssh_host_(?:(?P<kind>[a-z0-9_]+)_)?key(?P<cert>-cert)?(?P<pub>\.pub)?")
_OPENSSH: Final = re.compile(r"-----BEGIN OPENSSH PRIVATE KEY-----(.*?)-----END", re.DOTALL)
_OPENSSH_MAGIC: Final = b"openssh-key-v1\0"


@function(replay="safe")
def user_keys(
    ctx: Context,
    user: str | list[str] | None = None,
    pubfile: bool | str = True,
    prvfile: bool | str = False,
) -> dict[str, dict[str, str]]:
    """Return users' own public keys by user and file; private ones only with `prvfile`, true or a path.

    CLI Example:

        shoal '*' ssh.user_keys
        shoal '*' ssh.user_keys alice
        shoal '*' ssh.user_keys alice pubfile=.ssh/deploy.pub
    """
    files = [*_names(pubfile, ".pub"), *_names(prvfile, "")]
    users = [user] if isinstance(user, str) else user or sorted({each.pw_name for each in pwd.getpwall()})
    found: dict[str, dict[str, str]] = {}
    for name in users:
        try:
            keys = _keys_of(name, files)
        except ModuleError:
            if isinstance(user, str):
                raise
            continue  # one hostile home must not hide all others
        if keys:
            found[name] = keys
    return found


@function(replay="safe")
def host_keys(
    ctx: Context, keydir: str = HOST_KEYS, private: bool = False, certs: bool = True
) -> dict[str, str]:
    """Return the box's own public keys by kind, as in `ed25519.pub`; private ones only with `private`.

    CLI Example:

        shoal '*' ssh.host_keys
    """
    found: dict[str, str] = {}
    try:
        paths = sorted(Path(keydir).iterdir())
    except FileNotFoundError:
        return found
    except OSError as error:
        raise ModuleError(f"{keydir} cannot be read: {error.strerror}") from None
    for path in paths:
        match = _HOST_KEY.fullmatch(path.name)
        if not match or (not match["pub"] and not private) or (match["cert"] and not certs):
            continue
        name = f"{match['kind'] or 'rsa1'}{match['cert'] or ''}{match['pub'] or ''}"
        found[name] = read_local(str(path)).strip()
    return found


@function(replay="safe")
def key_is_encrypted(ctx: Context, key: str) -> bool:
    """Say whether a file with a private key needs a passphrase.

    CLI Example:

        shoal '*' ssh.key_is_encrypted /etc/keys/id_ed25519
    """
    text = read_local(key)
    if match := _OPENSSH.search(text):
        return _cipher(match[1], key) != b"none"
    if "PRIVATE KEY-----" not in text:
        raise ModuleError(f"{key} is no private key that can be read")
    return "-----BEGIN ENCRYPTED PRIVATE KEY-----" in text or "Proc-Type: 4,ENCRYPTED" in text


def _names(asked: bool | str, ending: str) -> list[str]:
    if isinstance(asked, str):
        return [asked]
    return [f".ssh/id_{kind}{ending}" for kind in _KINDS] if asked else []


def _keys_of(user: str, files: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in files:
        file = UserFile.of(user, each)
        if text := file.read().strip():
            found[file.name] = text
    return found


def _cipher(body: str, key: str) -> bytes:
    try:
        data = base64.b64decode("".join(body.split()), validate=True)
    except binascii.Error:
        data = b""
    if not data.startswith(_OPENSSH_MAGIC):
        raise ModuleError(f"{key} is no private key that can be read")
    rest = data[len(_OPENSSH_MAGIC) :]
    size = int.from_bytes(rest[:4], "big")
    return rest[4 : 4 + size]
