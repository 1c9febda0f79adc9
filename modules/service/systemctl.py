"""Runs `systemctl`, always without a pager, a password prompt, colours or somebody's language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from modules import shell
from shoal.errors import CommandError

_FLAGS: Final = ("--no-pager", "--no-ask-password")
_TABLE: Final = ("--full", "--plain", "--no-legend")
_QUERY_S: Final = 60.0  # a question; a start may take as long as its unit allows, or the job
_MAX_BYTES: Final = 4 * 1024 * 1024  # a table of units, or the properties of a few hundred
_MAX_WHY: Final = 300
# What systemctl adds to say where to look; the journal's lines follow anyway.
_NOISE: Final = (
    'See "systemctl',
    "See 'systemctl",
    "See system logs",
    "Created symlink",
    "Synchronizing state",
)


def ask(*words: str, root: str = "") -> shell.Completed:
    """Run a query; its return code is an answer. Raises CommandError when it cannot be started."""
    return _run(words, root, timeout_s=_QUERY_S)


def table(*words: str, root: str = "") -> str:
    """Run a listing and return its lines, without head and foot. Raises CommandError."""
    return _run((*words, *_TABLE), root, timeout_s=_QUERY_S).must_succeed().stdout


def change(*words: str, root: str = "") -> shell.Completed:
    """Run what changes something; it may take its time."""
    return _run(words, root, timeout_s=0)


def must(*words: str, root: str = "") -> None:
    """Run what changes something. Raises CommandError with what systemctl says when it fails."""
    done = change(*words, root=root)
    if done.retcode != 0:
        raise CommandError(f"systemctl {' '.join(words)} failed: {why(done)}")


def why(done: shell.Completed) -> str:
    """Return on one line what systemctl said."""
    lines = (line.strip() for line in (done.stderr or done.stdout).splitlines())
    said = " ".join(line for line in lines if line and not line.startswith(_NOISE))
    return done.command.censored(said[:_MAX_WHY].rstrip(".")) or f"return code {done.retcode}"


def _run(words: Sequence[str], root: str, *, timeout_s: float) -> shell.Completed:
    where = (f"--root={root}",) if root else ()
    return shell.run(
        shell.Command(
            argv=("systemctl", *_FLAGS, *where, *words),
            env={"LC_ALL": "C", "SYSTEMD_COLORS": "0"},
            timeout_s=timeout_s,
            max_bytes=_MAX_BYTES,
        )
    )
