"""How a hand starts its programs: a machine's language, no terminal, bounded output, whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from modules import shell
from modules.context import Telling
from shoal.errors import CommandError

MAX_BYTES: Final = 32 * 1024 * 1024  # a listing of tens of thousands of packages
_ENV: Final[Mapping[str, str]] = {"LC_ALL": "C", "LANGUAGE": "C"}


def read(argv: Sequence[str], *, env: Mapping[str, str] | None = None) -> shell.Completed:
    """Run a program for its output, whatever its return code. Raises CommandError if that is too long."""
    done = shell.run(shell.Command(argv=argv, env={**_ENV, **(env or {})}, max_bytes=MAX_BYTES))
    if done.cut:
        raise CommandError(f"{done.command.shown()} printed more than {MAX_BYTES} bytes; ask for less")
    return done


def output(argv: Sequence[str], *, env: Mapping[str, str] | None = None) -> str:
    """Return what a program prints. Raises CommandError when it fails."""
    return read(argv, env=env).must_succeed().stdout


def change(
    argv: Sequence[str], *, env: Mapping[str, str] | None = None, telling: Telling | None = None
) -> shell.Completed:
    """Run a program that changes the box; who watches the job hears what it prints."""
    return shell.run(shell.Command(argv=argv, env={**_ENV, **(env or {})}, telling=telling))
