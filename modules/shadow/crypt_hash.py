"""Hashes of passwords as crypt(3) reads them: made by openssl or mkpasswd, told from plain text by their look.

The password goes in by stdin. Python's own crypt is deprecated, and absent from 3.13 on.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from modules import shell
from shoal.errors import ArgumentError, ModuleError, UnavailableError

Algorithm = Literal["sha512", "sha256"]
_MARKS: Final = {"sha512": "6", "sha256": "5"}
_SALT: Final = re.compile(r"[./0-9A-Za-z]{1,16}", re.ASCII)
_HASH: Final = re.compile(r"!{0,2}\$[0-9a-z]{1,8}\$[./0-9A-Za-z$=,+*-]{8,400}", re.ASCII)
_NO_PASSWORD: Final = frozenset(
    {"!", "!!", "*", "!*", "!!*"}
)  # marks of an account that nobody enters by password
_MAX_BYTES: Final = 250  # openssl cuts what is longer


def check_hash(text: str) -> str:
    """Return `text`. Raises ArgumentError, which does not show it, unless it is a hash or a mark for none."""
    if text in _NO_PASSWORD or _HASH.fullmatch(text):
        return text
    raise ArgumentError(
        "the password must be a hash that begins with $, as shadow.gen_password makes it, or ! or *"
    )


def make_hash(password: str, salt: str, algorithm: Algorithm) -> str:
    """Return the hash. Raises ArgumentError, UnavailableError, CommandError."""
    if not password or not password.isprintable() or len(password.encode()) > _MAX_BYTES:
        raise ArgumentError(f"the password must be one line of 1 to {_MAX_BYTES} bytes")
    if salt and not _SALT.fullmatch(salt):
        raise ArgumentError("crypt_salt must be 1 to 16 letters, digits, . or /")
    argv = _argv(salt, algorithm)
    done = shell.run(
        shell.Command(argv=argv, env={"LC_ALL": "C"}, stdin=f"{password}\n", hide_output=True, timeout_s=30)
    ).must_succeed()
    made = done.stdout.strip()
    if not made.startswith(f"${_MARKS[algorithm]}$") or not _HASH.fullmatch(made):
        raise ModuleError(f"{argv[0]} did not return a hash by {algorithm}")
    return made


def _argv(salt: str, algorithm: Algorithm) -> list[str]:
    if program := shell.which("openssl"):
        return [program, "passwd", f"-{_MARKS[algorithm]}", *(["-salt", salt] if salt else []), "-stdin"]
    if program := shell.which("mkpasswd"):
        method = algorithm.replace("sha", "sha-")
        return [program, "-s", "-m", method, *(["-S", salt] if salt else [])]
    raise UnavailableError("shadow.gen_password", "the box has neither openssl nor mkpasswd")
