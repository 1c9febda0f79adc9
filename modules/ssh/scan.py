"""Asks a host over the network which keys it has, by ssh-keyscan. Whoever answers may claim anything."""

from __future__ import annotations

from typing import Final

from modules import shell
from modules.ssh.host_entry import HostEntry, check_host
from modules.ssh.public_key import PublicKey
from shoal.errors import ArgumentError, ModuleError, UnavailableError

_TYPES: Final = frozenset({"rsa", "dsa", "ecdsa", "ed25519", "ecdsa-sk", "ed25519-sk"})
_MAX_TIMEOUT_S: Final = 300


def scan(hostname: str, enc: str, port: int | None, timeout_s: int) -> list[PublicKey]:
    """Return the keys of a host, of one kind or of all. Raises ModuleError when there is no answer."""
    if not 0 < timeout_s <= _MAX_TIMEOUT_S:
        raise ArgumentError(f"timeout {timeout_s} is out of range, 1 to {_MAX_TIMEOUT_S} seconds")
    program = shell.which("ssh-keyscan")
    if not program:
        raise UnavailableError("ssh-keyscan", "the box has no such program; install openssh-client")
    argv = [program, "-T", str(timeout_s), "-p", str(port or 22)]
    argv += ["-t", _type(enc)] if enc else []
    done = shell.run(
        shell.Command(
            argv=[*argv, "--", check_host(hostname)], env={"LC_ALL": "C"}, timeout_s=2 * timeout_s + 5
        )
    )
    entries = (HostEntry.read(line) for line in done.stdout.splitlines())
    keys = list(dict.fromkeys(entry.public for entry in entries if entry))
    if not keys:
        said = done.command.last_words(done.stderr)
        raise ModuleError(f"{hostname} port {port or 22} told no key within {timeout_s} s{said}")
    return keys


def _type(enc: str) -> str:
    short = {"ssh-dss": "dsa"}.get(enc, enc).removeprefix("ssh-")
    short = "ecdsa" if short.startswith("ecdsa-sha2-") else short
    if short not in _TYPES:
        raise ArgumentError(f"{enc[:40]!r} is no kind of key: use one of {', '.join(sorted(_TYPES))}")
    return short
