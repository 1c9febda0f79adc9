"""The environment and the account that a started process gets.

A child does not inherit what concerns only the daemon: the dynamic linker's and Python's variables, the
virtual environment, systemd's sockets and watchdog, Shoal's own. Another user's process gets a fresh one.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shoal.errors import CommandError

DEFAULT_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_DROPPED_PREFIXES: Final = (
    "LD_",
    "PYTHON",
    "SHOAL_",
    "LISTEN_",
    "WATCHDOG_",
    "VIRTUAL_ENV",
    "MEMORY_PRESSURE_",
)
_DROPPED: Final = frozenset(
    {"BASH_ENV", "CREDENTIALS_DIRECTORY", "ENV", "INVOCATION_ID", "JOURNAL_STREAM", "NOTIFY_SOCKET"}
)
_SHARED: Final = ("LANG", "LANGUAGE", "PATH", "TERM", "TZ")  # what another user's process may inherit


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A local user."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]
    home: str
    shell: str

    @property
    def is_us(self) -> bool:
        """Whether this process runs as that user already."""
        return os.geteuid() == self.uid


def find_account(name: str) -> Account:
    """Return the account `name`. Raises CommandError when there is none, or we may not become it."""
    try:
        found = pwd.getpwnam(name)
    except (KeyError, ValueError):
        raise CommandError(f"cannot run as {name!r}: there is no such user on this box") from None
    account = Account(
        name=found.pw_name,
        uid=found.pw_uid,
        gid=found.pw_gid,
        groups=tuple(os.getgrouplist(found.pw_name, found.pw_gid)),
        home=found.pw_dir,
        shell=found.pw_shell,
    )
    if not account.is_us and os.geteuid() != 0:
        raise CommandError(f"cannot run as {name!r}: only a minion that runs as root can change the user")
    return account


def own_home() -> str:
    """Return the home folder of the user we run as, `/` if it has none."""
    try:
        home = pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        return "/"
    return home if Path(home).is_dir() else "/"


def environment(additions: Mapping[str, str], account: Account | None, *, clean: bool) -> dict[str, str]:
    """Return the variables of a new process. Raises CommandError for a name or value that cannot be one.

    `clean` inherits nothing but PATH. With `account` HOME, USER, LOGNAME and SHELL are its own.
    """
    foreign = account is not None and not account.is_us
    result: dict[str, str] = {}
    for name, value in os.environ.items():
        if clean or name in _DROPPED or name.startswith(_DROPPED_PREFIXES):
            continue
        if not foreign or name in _SHARED or name.startswith("LC_"):
            result[name] = value
    result.setdefault("PATH", os.environ.get("PATH", DEFAULT_PATH))
    if account:
        result |= {
            "HOME": account.home,
            "USER": account.name,
            "LOGNAME": account.name,
            "SHELL": account.shell,
        }
    for name, value in additions.items():
        if not name or "=" in name or "\0" in name + value:
            raise CommandError(f"{name!r} with its value cannot be an environment variable")
        result[name] = value
    return result
