"""Which hosts a user, or the whole box, knows. Without a user the box's own file is meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from modules.context import Context
from modules.ssh import hosts_file
from modules.ssh.host_entry import HostEntry, hashed, name_of
from modules.ssh.public_key import HashType, PublicKey
from modules.ssh.scan import scan
from modules.ssh.user_file import UserFile
from modules.user.record import find
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function

SYSTEM_FILE: Final = "/etc/ssh/ssh_known_hosts"
_USERS_FILE: Final = ".ssh/known_hosts"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostOptions:
    """Which key of a host is meant and where it is noted."""

    key: str | None = None
    fingerprint: str | None = None  # SHA256:… or aa:bb:…
    config: str | None = None
    port: int | None = None
    enc: str | None = None
    fingerprint_hash_type: HashType = "sha256"  # of what is returned
    hash_known_hosts: bool = True  # the host's name is not legible in the file
    timeout: int = 5  # seconds, for each address of the host


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions:
    """How a host is asked and how its keys are told."""

    hash_known_hosts: bool = True
    timeout: int = 5
    fingerprint_hash_type: HashType = "sha256"


_DEFAULTS: Final = HostOptions()
_SCAN: Final = ScanOptions()


@function(replay="safe")
def get_known_host_entries(
    ctx: Context,
    user: str | None,
    hostname: str,
    config: str | None = None,
    port: int | None = None,
    fingerprint_hash_type: HashType = "sha256",
) -> list[dict[str, Any]] | None:
    """Return the keys that are noted for a host, nothing if there are none.

    CLI Example:

        shoal '*' ssh.get_known_host_entries root github.com
        shoal '*' ssh.get_known_host_entries root git.example.com port=2222
    """
    keys = hosts_file.keys_of(_file(user, config).read(), name_of(hostname, port))
    return _described(hostname, keys, fingerprint_hash_type) or None


@function(replay="safe")
def recv_known_host_entries(
    ctx: Context,
    hostname: str,
    enc: str | None = None,
    port: int | None = None,
    options: ScanOptions = _SCAN,
) -> list[dict[str, Any]]:
    """Ask a host for its keys; whoever answers may claim anything, so compare the fingerprints.

    CLI Example:

        shoal '*' ssh.recv_known_host_entries github.com
        shoal '*' ssh.recv_known_host_entries git.example.com ed25519 2222 timeout=10
    """
    name = name_of(hostname, port)
    keys = scan(hostname, enc or "", port, options.timeout)
    shown = hashed(name) if options.hash_known_hosts else name
    return _described(shown, keys, options.fingerprint_hash_type)


@function(replay="safe")
def check_known_host(
    ctx: Context, user: str | None = None, hostname: str = "", options: HostOptions = _DEFAULTS
) -> str:
    """Say what is to be done for a host: `add`, `update` or, if its key is noted, `exists`.

    Without `key` and `fingerprint` any key will do.

    CLI Example:

        shoal '*' ssh.check_known_host root github.com fingerprint=SHA256:uNiVztksCsDhcc0u9e8BrwXVGDCQdmSL8mjVgoMA
    """
    stored = hosts_file.keys_of(_file(user, options.config).read(), name_of(hostname, options.port))
    if not stored:
        return "add"
    return "exists" if _suits(stored, options) else "update"


@function(replay="safe")
def set_known_host(
    ctx: Context, user: str | None = None, hostname: str = "", options: HostOptions = _DEFAULTS
) -> dict[str, Any]:
    """Note the key of a host, given as `key` or asked of the host itself, in place of those noted before.

    With `fingerprint` only the key that has it is noted. Without both, a host not known yet is believed; of a
    known one, another key is refused, where Salt puts it in place of the right one.

    CLI Example:

        shoal '*' ssh.set_known_host root github.com fingerprint=SHA256:uNiVztksCsDhcc0u9e8BrwXVGDCQdmSL8mjVgoMA
        shoal '*' ssh.set_known_host hostname=git.example.com key=AAAAC3NzaC1lZDI1NTE5AAAA… hash_known_hosts=false
    """
    file, name = _file(user, options.config), name_of(hostname, options.port)
    text = file.read()
    stored = hosts_file.keys_of(text, name)
    pinned = bool(options.key or options.fingerprint)
    if stored and pinned and _suits(stored, options):
        return {"status": "exists", "key": [each.key for each in stored]}
    wanted = _wanted(hostname, options)
    if stored and not pinned:
        if not set(stored) & set(wanted):
            raise ModuleError(
                f"{hostname} shows another key than {file.path} has; give its fingerprint or key"
            )
        return {"status": "exists", "key": [each.key for each in stored]}
    file.write(hosts_file.with_host(text, name, wanted, hide=options.hash_known_hosts))
    return {
        "status": "updated",
        "old": _described(hostname, stored, options.fingerprint_hash_type),
        "new": _described(hostname, wanted, options.fingerprint_hash_type),
    }


@function(replay="safe")
def rm_known_host(
    ctx: Context,
    user: str | None = None,
    hostname: str = "",
    config: str | None = None,
    port: int | None = None,
) -> dict[str, str]:
    """Forget all keys of a host; the answer's `status` is `removed` or `absent`.

    CLI Example:

        shoal '*' ssh.rm_known_host root git.example.com
    """
    file, name = _file(user, config), name_of(hostname, port)
    text = file.read()
    many = len(hosts_file.keys_of(text, name))
    if many:
        file.write(hosts_file.without_host(text, name))
    return {"status": "removed" if many else "absent", "comment": f"{file.path} had {many} keys for {name}"}


@function(replay="safe")
def restore_known_host(
    ctx: Context,
    user: str | None,
    hostname: str,
    before: str | None = None,
    config: str | None = None,
    port: int | None = None,
) -> bool:
    """Give a file of known hosts the text it had before a host's keys changed; without `before` there was no file.

    States write `before` into their journal. If lines of other hosts have changed since, that is refused.

    CLI Example:

        shoal '*' ssh.restore_known_host root git.example.com
    """
    if user and find(user) is None:  # then there never was a file
        return False
    file, name = _file(user, config), name_of(hostname, port)
    text, earlier = file.read(), before or ""
    if text == earlier and (before is not None or not file.exists()):
        return False
    if hosts_file.without_host(text, name) != hosts_file.without_host(earlier, name):
        raise ModuleError(f"{file.path} was changed since: its earlier content is not put back")
    if before is None:
        file.delete()
    else:
        file.write(before)
    return True


@function(replay="safe")
def hash_known_hosts(ctx: Context, user: str | None = None, config: str | None = None) -> dict[str, str]:
    """Make the names in a file of known hosts illegible; patterns stay.

    CLI Example:

        shoal '*' ssh.hash_known_hosts root
    """
    file = _file(user, config)
    text, many = hosts_file.with_hashes(file.read())
    if many:
        file.write(text)
    return {"status": "updated", "comment": f"{many} names were hashed in {file.path}"}


def _file(user: str | None, config: str | None) -> UserFile:
    return UserFile.of(user, config or _USERS_FILE) if user else UserFile.of_system(config or SYSTEM_FILE)


def _suits(keys: list[PublicKey], options: HostOptions) -> bool:
    """Say whether one of the keys is the one that is asked for."""
    wanted = _given(options)
    of_kind = [each for each in keys if not options.enc or each.is_a(options.enc)]
    if wanted:
        return wanted in keys
    return any(not options.fingerprint or each.has(options.fingerprint) for each in of_kind)


def _given(options: HostOptions) -> PublicKey | None:
    if not options.key:
        return None
    given = PublicKey.read(options.key.strip(), options.enc or "")
    if options.fingerprint and not given.has(options.fingerprint):
        raise ArgumentError(f"the key is {given.shown()}, not {options.fingerprint}")
    return given


def _wanted(hostname: str, options: HostOptions) -> list[PublicKey]:
    if given := _given(options):
        return [given]
    told = scan(hostname, options.enc or "", options.port, options.timeout)
    if not options.fingerprint:
        return told
    right = [each for each in told if each.has(options.fingerprint)]
    if not right:
        shown = ", ".join(each.shown() for each in told)
        raise ModuleError(f"{hostname} has no key with the fingerprint {options.fingerprint}, but {shown}")
    return right


def _described(hostname: str, keys: list[PublicKey], hash_type: HashType) -> list[dict[str, Any]]:
    return [HostEntry(names=(), public=each).described(hostname, hash_type) for each in keys]
