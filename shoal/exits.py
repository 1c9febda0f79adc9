"""What the programs exit with: Salt's 0, 1, 2, and BSD's sysexits for what went wrong before a job."""

from __future__ import annotations

from typing import Final

from shoal.errors import ConfigError, ShoalError

OK: Final = 0
FAILED: Final = 1  # a minion failed or stayed silent, or a runner failed
NO_MATCH: Final = 2  # nobody matched the target
USAGE: Final = 64  # the command line is wrong
UNAVAILABLE: Final = 69  # no master answers, or it went away
INTERNAL: Final = 70  # a bug
NOT_ALLOWED: Final = 77  # the socket or the publisher ACL says no
CONFIG: Final = 78  # a configuration file or folder is wrong
INTERRUPTED: Final = 130  # Ctrl-C before there was a job
BROKEN_PIPE: Final = 141  # the reader of our output left (`| head`)


class CliError(ShoalError):
    """An error that knows what its program exits with."""

    exit_code = FAILED


class UsageError(CliError):
    """The command line cannot be understood; the text says what to write instead."""

    exit_code = USAGE


def exit_code(error: ShoalError) -> int:
    """Return what a program that stops on `error` exits with."""
    if isinstance(error, CliError):
        return error.exit_code
    return CONFIG if isinstance(error, ConfigError) else FAILED
