"""The one place where the box's modules start processes.

1. Always an argv list, never `shell=True`. Only `cmd.*` hands text to a shell, as `[shell, "-c", text]`.
2. The process has its own group *in the caller's session*: a timeout kills the group, and whoever kills the
   caller's session (the executor ends a job that way) kills it too.
3. Output is read as it comes and kept within a limit; stdin is `/dev/null` unless something is given.
4. Secrets that the caller names do not appear in an error.

Raises only `CommandError`. A return code other than 0 is an answer, not an error; see `must_succeed`.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from modules.context import Telling
from modules.kept_output import KeptOutput
from modules.process_env import Account, environment, find_account
from modules.process_io import Exchange
from shoal.errors import CommandError

MAX_OUTPUT_BYTES: Final = 480 * 1024  # a stream; two of them, all of it binary, still fit into one return
_TERM_S: Final = 1.0  # between SIGTERM and SIGKILL
_OWN_GROUP: Final[dict[str, Any]] = (
    {"process_group": 0} if sys.version_info >= (3, 11) else {"preexec_fn": os.setpgrp}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to start and within which bounds."""

    argv: Sequence[str]
    cwd: str = "/"
    env: Mapping[str, str] = field(default_factory=dict)  # on top of the inherited one
    clean_env: bool = False  # inherit nothing but PATH
    stdin: str | bytes = ""
    runas: str = ""
    umask: int = -1  # -1 = inherited
    timeout_s: float = 0.0  # 0 = none
    max_bytes: int = MAX_OUTPUT_BYTES  # kept of each stream
    merge: bool = False  # stderr into stdout, in the order of writing
    secrets: tuple[str, ...] = ()  # texts that no error may show
    hide_output: bool = False  # no error may show any of its output
    telling: Telling | None = None  # who hears its output while it runs; nobody does with `hide_output`

    def shown(self) -> str:
        """Return the command on one line for a message, without the secrets."""
        return _one_line(shlex.join(self._hide(word) for word in self.argv))

    def last_words(self, output: str) -> str:
        """Return the end of what the process said, fit for an error: `: …`, or nothing."""
        lines = [] if self.hide_output else output.strip().splitlines()
        return f": {self.censored(lines[-1])}" if lines else ""

    def censored(self, text: str) -> str:
        """Return `text` on one line of bounded length, without the secrets."""
        return _one_line(self._hide(text))

    def _hide(self, text: str) -> str:
        for secret in sorted(filter(None, self.secrets), key=len, reverse=True):
            text = text.replace(secret, "******")
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A process that ended by itself. `retcode` is negative if a signal ended it, as in subprocess."""

    command: Command
    pid: int
    retcode: int
    stdout: str
    stderr: str
    cut: int  # bytes of output thrown away

    def must_succeed(self) -> Completed:
        """Return itself. Raises CommandError, with the last line of output, unless the return code is 0."""
        if self.retcode != 0:
            said = self.command.last_words(self.stderr) or self.command.last_words(self.stdout)
            raise CommandError(f"{self.command.shown()} ended with return code {self.retcode}{said}")
        return self


class TimedOutError(CommandError):
    """A process had not ended in time, and was ended."""


def run(command: Command) -> Completed:
    """Start a process, wait for its end and return what it said. Raises CommandError, TimedOutError."""
    deadline = time.monotonic() + command.timeout_s if command.timeout_s > 0 else 0.0
    process = _start(command)
    out, err = KeptOutput(command.max_bytes), KeptOutput(command.max_bytes)
    with process:
        exchange: Exchange | None = None
        try:
            telling = None if command.hide_output else command.telling
            exchange = Exchange(process, command.stdin, out, err, telling)
            in_time = exchange.until(deadline)
            if not in_time:
                _end_group(process, exchange)
        except BaseException:  # the job's time is up, or somebody ends it: the command may tidy up too
            if exchange is not None:
                _end_group(process, exchange)
            _signal_group(process, signal.SIGKILL)
            raise
    if not in_time:
        said = command.last_words(err.text()) or command.last_words(out.text())
        raise TimedOutError(f"{command.shown()} : Timed out after {command.timeout_s:g} seconds{said}")
    return Completed(
        command=command,
        pid=process.pid,
        retcode=process.returncode,
        stdout=out.text(),
        stderr=err.text(),
        cut=out.cut + err.cut,
    )


def shell_argv(text: str, shell: str = "/bin/sh") -> tuple[str, ...]:
    """Return the argv that lets `shell` run `text`."""
    return (shell, "-c", text)


def which(name: str) -> str:
    """Return the path of the program `name`, "" if it is not on the PATH."""
    if not name or "\0" in name:
        return ""
    folders = [""] if "/" in name else os.environ.get("PATH", os.defpath).split(os.pathsep)
    for folder in folders:
        path = os.path.join(folder, name)  # noqa: PTH118  an empty folder must leave `name` as it is
        if os.path.isfile(path) and os.access(path, os.X_OK):  # noqa: PTH113
            return path
    return ""


def _start(command: Command) -> subprocess.Popen[bytes]:
    if not command.argv or not command.argv[0]:
        raise CommandError("there is no command to run")
    if any("\0" in word for word in (*command.argv, command.cwd)):
        raise CommandError(f"{command.shown()}: a NUL byte cannot be part of a command")
    account = find_account(command.runas) if command.runas else None
    try:
        return subprocess.Popen(
            list(command.argv),
            stdin=subprocess.PIPE if command.stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if command.merge else subprocess.PIPE,
            bufsize=0,
            cwd=command.cwd,
            env=environment(command.env, account, clean=command.clean_env),
            umask=command.umask,
            **_identity(account),
            **_OWN_GROUP,
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise CommandError(f"cannot start {command.shown()}: {_why(error, command)}") from None


def _identity(account: Account | None) -> dict[str, Any]:
    if account is None or account.is_us:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": account.groups}


def _why(error: Exception, command: Command) -> str:
    if isinstance(error, OSError) and error.filename == command.cwd and command.cwd != command.argv[0]:
        return f"working folder {command.cwd}: {error.strerror}"
    if isinstance(error, FileNotFoundError):
        return "no such program"
    return command.censored(getattr(error, "strerror", None) or str(error))


def _end_group(process: subprocess.Popen[bytes], exchange: Exchange) -> None:
    """Ask the group to end, then make it. The leader is not reaped in between: its number must stay ours."""
    _signal_group(process, signal.SIGTERM)
    exchange.drain(_TERM_S)
    _signal_group(process, signal.SIGKILL)


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    if process.returncode is not None:
        return  # already waited for: the number may belong to somebody else by now
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        pass  # it is gone


def _one_line(text: str) -> str:
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in " ".join(text.split()))
    return text if len(text) <= 200 else text[:199] + "…"
