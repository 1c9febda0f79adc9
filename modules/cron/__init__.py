"""The users' crontabs. What Salt manages there is found and changed in place; the rest stays as it is.

Everything goes through the program `crontab`. A `%` in a command is a new line to cron: write `\\%`.
"""

from __future__ import annotations

from typing import Any

from modules.context import Context
from modules.cron import crontab
from modules.cron.file import read_file
from modules.cron.job import Outcome
from modules.cron.tab import Entry, Tab, Variable
from modules.cron.words import check_line, check_variable
from modules.user.record import find
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function


@function(replay="safe")
def raw_cron(ctx: Context, user: str) -> str:
    """Return a user's crontab as text, "" if there is none.

    CLI Example:

        shoal '*' cron.raw_cron root
    """
    return crontab.read(user)


@function(replay="safe", aliases=("cron.ls",))
def list_tab(ctx: Context, user: str) -> dict[str, Any]:
    """Return a user's crontab: `pre`, what people wrote; `crons`, `special` and `env`, what is managed.

    CLI Example:

        shoal '*' cron.list_tab root
    """
    return Tab.read(crontab.read(user)).described()


@function(replay="safe")
def get_entry(
    ctx: Context, user: str, identifier: str | None = None, cmd: str | None = None
) -> dict[str, Any] | bool:
    """Return the job with an identifier, or else with a command; False if there is none.

    CLI Example:

        shoal '*' cron.get_entry root identifier=backup
        shoal '*' cron.get_entry root cmd=/usr/local/sbin/backup
    """
    if identifier is None and cmd is None:
        raise ArgumentError("cron.get_entry needs an identifier or a cmd")
    for _, job in Tab.read(crontab.read(user)).jobs():
        if job.identifier == identifier if identifier is not None else job.cmd == cmd:
            return job.described()
    return False


@function(replay="safe")
def set_env(ctx: Context, user: str, name: str, value: str = "") -> str:
    """Set a variable for a user's jobs and return `new`, `updated` or `present`.

    CLI Example:

        shoal '*' cron.set_env root MAILTO user@example.com
    """
    with crontab.one_writer():
        tab = Tab.read(crontab.read(user))
        outcome = env_in(tab, name, value)
        if outcome != "present":
            crontab.install(user, tab.text())
    return outcome


@function(replay="safe")
def rm_env(ctx: Context, user: str, name: str) -> str:
    """Remove a variable from a user's crontab and return `removed` or `absent`.

    CLI Example:

        shoal '*' cron.rm_env root MAILTO
    """
    with crontab.one_writer():
        tab = Tab.read(crontab.read(user))
        gone = no_env_in(tab, name)
        if gone:
            crontab.install(user, tab.text())
    return "removed" if gone else "absent"


@function(replay="safe")
def write_cron_file(ctx: Context, user: str, path: str) -> bool:
    """Make a file that lies on the box a user's whole crontab.

    CLI Example:

        shoal '*' cron.write_cron_file root /etc/app/crontab
    """
    text = read_file(path)
    with crontab.one_writer():
        crontab.install(user, text)
    return True


@function(replay="safe")
def put_back(ctx: Context, user: str, before: str | None = None, left: str = "") -> bool:
    """Make what a user's crontab was before a change the crontab again; without `before` there was none.

    States write `before` and `left`, the digest of what they left there, into their journal. A crontab that has been
    changed since is not touched: that is an error.

    CLI Example:

        shoal '*' cron.put_back nobody
    """
    if find(user) is None:  # then there never was one
        return False
    with crontab.one_writer():
        now = crontab.read(user)
        if now == (before or "") and (before is not None or not now):
            return False
        if crontab.digest(now) != left:
            raise ModuleError(f"the crontab of {user} was changed since: its earlier content is not put back")
        if before is None:
            crontab.remove(user)
        else:
            crontab.install(user, before)
    return True


def env_in(tab: Tab, name: str, value: str) -> Outcome:
    """Put a variable into a crontab. Raises ArgumentError."""
    wanted = Variable(name=check_variable(name), value=check_line(value, "value") if value.strip() else "")
    at = next((place for place, each in tab.variables() if each.name == name), None)
    if at is None:
        tab.add_variable(wanted)
        return "new"
    if tab.entries[at].means == wanted:
        return "present"
    tab.entries[at] = Entry.of(wanted)
    return "updated"


def no_env_in(tab: Tab, name: str) -> bool:
    """Take a variable out of a crontab; say whether it was in there."""
    places = [place for place, each in tab.variables() if each.name == name]
    for place in reversed(places):
        del tab.entries[place]
    return bool(places)
