"""Starts the programs that change accounts: useradd, gpasswd, chage and their kin.

What concerns a password goes in by stdin; with `secret=True` nothing that the program says is shown.
"""

from __future__ import annotations

from modules import shell
from shoal.errors import UnavailableError


def start(program: str, *words: str, stdin: str = "", secret: bool = False) -> shell.Completed:
    """Run `program` and return how it went. Raises UnavailableError when the box lacks it, CommandError."""
    path = shell.which(program)
    if not path:
        raise UnavailableError(
            program, "the box has no such program; its package is passwd, shadow or shadow-utils"
        )
    return shell.run(shell.Command(argv=(path, *words), env={"LC_ALL": "C"}, stdin=stdin, hide_output=secret))


def change(program: str, *words: str, stdin: str = "", secret: bool = False) -> None:
    """Run `program`, which has to succeed. Raises UnavailableError, CommandError."""
    start(program, *words, stdin=stdin, secret=secret).must_succeed()
