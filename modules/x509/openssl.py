"""Runs openssl: what it reads comes by stdin, a passphrase by the environment, nothing of it gets into an error."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from modules import shell
from modules.x509 import pem
from shoal.errors import ArgumentError, ModuleError, UnavailableError

MAX_BYTES: Final = 1024 * 1024  # of a file with certificates or keys
MAX_CRL_BYTES: Final = 16 * 1024 * 1024
_TIMEOUT_S: Final = 60.0


def run(
    words: tuple[str, ...],
    stdin: str | bytes = "",
    *,
    env: Mapping[str, str] | None = None,
    max_bytes: int = shell.MAX_OUTPUT_BYTES,
) -> shell.Completed:
    """Run `openssl words…`; its failure is an answer. Raises UnavailableError where there is none."""
    program = shell.which("openssl")
    if not program:
        raise UnavailableError("x509", "there is no program openssl on this box")
    return shell.run(
        shell.Command(
            argv=(program, *words),
            stdin=stdin,
            env={"LC_ALL": "C", **(env or {})},
            timeout_s=_TIMEOUT_S,
            max_bytes=max_bytes,
            hide_output=True,
        )
    )


def ask(
    words: tuple[str, ...],
    stdin: str | bytes,
    what: str,
    *,
    env: Mapping[str, str] | None = None,
    max_bytes: int = shell.MAX_OUTPUT_BYTES,
) -> str:
    """Run openssl and return what it said. Raises ModuleError unless it succeeds and says all."""
    done = run(words, stdin, env=env, max_bytes=max_bytes)
    if done.retcode != 0:
        raise ModuleError(f"that is no {what} that openssl can read")
    if done.cut:
        raise ModuleError(f"the {what} is too long to be shown")
    return done.stdout


def load(given: str, types: tuple[str, ...], what: str, max_bytes: int = MAX_BYTES) -> str:
    """Return the first entry of one of the types as PEM; `given` is a path, or the PEM itself.

    A file may be PEM or DER. Raises ModuleError.
    """
    if "-----BEGIN " in given:
        return pem.first(given, types, what)
    data = read_file(given, max_bytes)
    if data[:1] == b"\x30":  # DER
        return pem.from_der(data, types[0])
    try:
        return pem.first(data.decode("utf-8", "replace"), types, what)
    except ModuleError as error:
        raise ModuleError(f"{given}: {error}") from None


def read_file(path: str, max_bytes: int = MAX_BYTES) -> bytes:
    """Return the content of a file. Raises ModuleError when it is away, no file, or longer."""
    if not path.startswith("/") or "\0" in path or "\n" in path:
        raise ArgumentError("x509: give an absolute path, or the text in PEM form")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ModuleError(f"{path} is no regular file")
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise ModuleError(f"{path} cannot be read: {error.strerror}") from None
    if len(data) > max_bytes:
        raise ModuleError(f"{path} is longer than the {max_bytes} bytes that are read")
    return data


def path_of(given: str) -> dict[str, str]:
    """Return `{"path": …}` if `given` is a path, else nothing."""
    return {} if "-----BEGIN " in given else {"path": str(Path(given))}
