"""A node's secret keys on disk: one file, mode 0600. The only file access in pki.

Layout: 8 bytes of kind, the secrets (32 bytes each), the first 8 bytes of the SHA-256 of all that.

1. A file appears whole or not at all: written beside, synced, then linked (create) or renamed (the others).
2. Creating never overwrites and follows no symlink; what is there stays.
3. Loading refuses a file that is a symlink, has a second name, is not ours (or root's), can be read by
   others, or lies in a folder where others could exchange it.
4. Rotation is in two steps, for a power cut may come between: `stage` keeps the new keys in `<name>.new`
   beside the old ones; once the other side has accepted them, `promote` renames. After a crash a node has
   both, tries both.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from shoal.errors import ConfigError, TrustError

from .keys import KEY_BYTES, CurveKey, NodeKeys, SignKey, same_bytes, sha256

_NODE: Final = b"shoalkn1"
_ROOT: Final = b"shoalkr1"
_PILLAR: Final = b"shoalkp1"
_CHECK_BYTES: Final = 8
_MAX_BYTES: Final = 1024
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # never hangs on a FIFO


def create_node_keys(path: Path, keys: NodeKeys) -> None:
    """Write a node's keys to a new file.

    Raises:
        ConfigError: the file is already there, or cannot be written.
        TrustError: others may write to the folder.
    """
    _create(path, _pack(_NODE, keys.sign.seed + keys.curve.secret))


def load_node_keys(path: Path) -> NodeKeys:
    """Read a node's keys.

    Raises:
        ConfigError: there is no such file, or it is damaged.
        TrustError: it is not as safe as the module docstring says.
    """
    secrets = _load(path, _NODE, 2)
    return NodeKeys(SignKey(secrets[:KEY_BYTES]), CurveKey(secrets[KEY_BYTES:]))


def create_root_key(path: Path, key: SignKey) -> None:
    """Write a fleet's root key to a new file. Raises as `create_node_keys`."""
    _create(path, _pack(_ROOT, key.seed))


def load_root_key(path: Path) -> SignKey:
    """Read a fleet's root key. Raises as `load_node_keys`."""
    return SignKey(_load(path, _ROOT, 1))


def create_pillar_key(path: Path, key: CurveKey) -> None:
    """Write the key that sealed pillar values are opened with to a new file. Raises as `create_node_keys`."""
    _create(path, _pack(_PILLAR, key.secret))


def load_pillar_key(path: Path) -> CurveKey:
    """Read the key that sealed pillar values are opened with. Raises as `load_node_keys`."""
    return CurveKey(_load(path, _PILLAR, 1))


def staged_path(path: Path) -> Path:
    """Return where the next keys of `path` wait for their promotion."""
    return path.with_name(path.name + ".new")


def stage_node_keys(path: Path, keys: NodeKeys) -> None:
    """Keep `keys` beside the ones in use, replacing earlier staged ones. Raises as `create_node_keys`."""
    staged = staged_path(path)
    _check_folder(staged)
    try:
        temporary = _write_beside(staged, _pack(_NODE, keys.sign.seed + keys.curve.secret))
        temporary.rename(staged)
        _sync_folder(staged)
    except OSError as error:
        raise ConfigError(f"{staged}: cannot be written: {error.strerror}") from None


def promote_node_keys(path: Path) -> NodeKeys:
    """Make the staged keys the ones in use. Raises as `load_node_keys`, having changed nothing then."""
    keys = load_node_keys(staged_path(path))
    try:
        staged_path(path).rename(path)
        _sync_folder(path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be replaced: {error.strerror}") from None
    return keys


def drop_staged_keys(path: Path) -> None:
    """Forget the staged keys, if there are any: the other side has refused them."""
    with suppress(FileNotFoundError):
        staged_path(path).unlink()


def _pack(kind: bytes, secrets: bytes) -> bytes:
    return kind + secrets + sha256(kind + secrets)[:_CHECK_BYTES]


def _create(path: Path, content: bytes) -> None:
    _check_folder(path)
    try:
        temporary = _write_beside(path, content)
        try:
            os.link(temporary, path, follow_symlinks=False)  # unlike rename, fails if the name is taken
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(path)
    except FileExistsError:
        raise ConfigError(f"{path}: already there; secret keys are never overwritten") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from None


def _write_beside(path: Path, content: bytes) -> Path:
    _sweep(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    fd = os.open(temporary, _CREATE, 0o600)
    with os.fdopen(fd, "wb") as file:
        os.fchmod(fd, 0o600)  # whatever the umask was
        file.write(content)
        file.flush()
        os.fsync(fd)
    return temporary


def _sweep(path: Path) -> None:
    """Remove what a crash in `_write_beside` or between link and unlink has left."""
    for file in path.parent.iterdir():
        if file.name.startswith(f".{path.name}.") and file.name.endswith(".tmp"):
            with suppress(OSError):
                file.unlink()


def _sync_folder(path: Path) -> None:
    fd = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _load(path: Path, kind: bytes, count: int) -> bytes:
    _check_folder(path)
    content = _read(path)
    if len(content) != len(kind) + count * KEY_BYTES + _CHECK_BYTES:
        raise ConfigError(
            f"{path}: not a secret key file of this kind (or cut short); restore it or join again"
        )
    if content[: len(kind)] != kind:
        raise ConfigError(f"{path}: not a secret key file of this kind and release")
    body, check = content[:-_CHECK_BYTES], content[-_CHECK_BYTES:]
    if not same_bytes(sha256(body)[:_CHECK_BYTES], check):
        raise ConfigError(f"{path}: damaged (checksum); restore it or join again")
    return body[len(kind) :]


def _read(path: Path) -> bytes:
    try:
        fd = os.open(path, _READ)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such secret key file") from None
    except OSError as error:
        if path.is_symlink():
            raise TrustError("unsafe file", f"{path} is a symlink; move the key file itself there") from None
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        if os.fstat(fd).st_nlink > 1:
            _sweep(path)
        _check_file(path, os.fstat(fd))
        return os.read(fd, _MAX_BYTES)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    finally:
        os.close(fd)


def _check_file(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise TrustError("unsafe file", f"{path} is not a regular file")
    if status.st_uid not in (0, os.geteuid()):
        raise TrustError(
            "unsafe file", f"{path} belongs to user {status.st_uid}; chown it to this user or root"
        )
    if status.st_mode & 0o077:
        raise TrustError("unsafe file", f"{path} can be read by others; chmod 600 it (and rotate the key)")
    if status.st_nlink != 1:
        raise TrustError("unsafe file", f"{path} has {status.st_nlink} names (hard links); keep one")


def _check_folder(path: Path) -> None:
    try:
        status = path.parent.stat()
    except OSError as error:
        raise ConfigError(f"{path.parent}: {error.strerror}") from None
    if status.st_uid not in (0, os.geteuid()):
        raise TrustError(
            "unsafe folder", f"{path.parent} belongs to user {status.st_uid}, not to this user or root"
        )
    if status.st_mode & 0o022:
        raise TrustError("unsafe folder", f"others may write to {path.parent}; chmod go-w it")
