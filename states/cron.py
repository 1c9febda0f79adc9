"""Jobs and variables in users' crontabs, and whole crontabs.

Jobs that Salt has set are found again: below the same mark, by identifier, else by command. What people wrote above the
mark stays.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any, Final

from modules import cron
from modules.context import Context
from modules.cp import files as served
from modules.cron import crontab, job
from modules.cron.file import read_file
from modules.cron.job import RemoveOptions, SetOptions
from modules.cron.tab import Tab
from modules.cron.words import Special, check_times
from modules.user import record
from states.declare import state
from states.plan import Call, Plan, Step, call, failed, unchanged

_SETS: Final = {"new": "added", "updated": "updated"}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOptions:
    """When a job runs and what else it has. Spellings are Salt's."""

    minute: str | int = "*"
    hour: str | int = "*"
    daymonth: str | int = "*"
    month: str | int = "*"
    dayweek: str | int = "*"
    comment: str | None = None
    commented: bool = False  # switched off
    identifier: str | bool = False  # false = the command
    special: Special | None = None  # in place of the five times

    @property
    def times(self) -> tuple[str | int, ...]:
        """The five times."""
        return self.minute, self.hour, self.daymonth, self.month, self.dayweek


_DEFAULTS: Final = JobOptions()


@state
def present(ctx: Context, name: str, user: str = "root", options: JobOptions = _DEFAULTS) -> Plan:
    """Let a user's crontab have a job; `random` stands for a number that stays the same for it on this box.

    Example:

        /usr/local/sbin/backup:
          cron.present:
            - user: root
            - minute: random
            - hour: 3
            - identifier: backup
    """
    identifier = _identifier(name, options.identifier)
    about = SetOptions(commented=options.commented, comment=options.comment, identifier=identifier)
    given: dict[str, Any] = {
        "user": user,
        "cmd": name,
        "identifier": identifier,
        "commented": options.commented,
    }
    if options.comment is not None:
        given["comment"] = options.comment
    if options.special:
        when: tuple[str, ...] = (options.special,)
        do = call(job.set_special, special=options.special, **given)
    else:
        when = check_times(options.times)
        times = dict(zip(("minute", "hour", "daymonth", "month", "dayweek"), when, strict=True))
        do = call(job.set_job, **times, **given)
    change = _Change(user)
    status = job.set_in(change.tab, when, name, about, job.seed_of(ctx, user, name, identifier))
    return _set_plan(change, do, f"Cron {name}", name, status)


@state
def absent(ctx: Context, name: str, user: str = "root", options: JobOptions = _DEFAULTS) -> Plan:
    """Let a user's crontab not have a job, whenever it runs: times and comments count for nothing.

    Example:

        /usr/local/sbin/backup:
          cron.absent:
            - identifier: backup
    """
    known, special = _identifier(name, options.identifier), options.special
    change = _Change(user)
    if special:
        gone = job.remove_in(change.tab, name, known, lambda each: each.special and each.when[0] == special)
        do = call(job.rm_special, user=user, cmd=name, special=special, identifier=known)
    else:
        gone = job.remove_in(
            change.tab, name, known, lambda each: not each.special and RemoveOptions().fits(each)
        )
        do = call(job.rm_job, user=user, cmd=name, identifier=known)
    return _removed_plan(change, do, f"Cron {name}", name, gone)


@state
def env_present(ctx: Context, name: str, value: str | int = "", user: str = "root") -> Plan:
    """Let a variable of a user's jobs have a value.

    Example:

        MAILTO:
          cron.env_present:
            - value: ops@example.org
    """
    change = _Change(user)
    status = cron.env_in(change.tab, name, str(value))
    do = call(cron.set_env, user=user, name=name, value=str(value))
    return _set_plan(change, do, f"Cron env {name}", name, status)


@state
def env_absent(ctx: Context, name: str, user: str = "root") -> Plan:
    """Let a user's crontab not have a variable.

    Example:

        MAILTO:
          cron.env_absent
    """
    change = _Change(user)
    gone = cron.no_env_in(change.tab, name)
    return _removed_plan(change, call(cron.rm_env, user=user, name=name), f"Cron env {name}", name, gone)


@state
def file(ctx: Context, name: str, user: str = "root", saltenv: str = "base") -> Plan:
    """Let a file of the master (`salt://…`) or of the box be a user's whole crontab. Templates are not rendered.

    Example:

        salt://app/crontab:
          cron.file:
            - user: app
    """
    path = served.cache_file(ctx, name, saltenv) if "://" in name else name
    if not path:
        return failed(f"Source file {name} not found in saltenv '{saltenv}'")
    change = _Change(user)
    wanted = read_file(path)
    if wanted == change.before:
        return unchanged(f"Crontab for user {user} is in the correct state")
    diff = "".join(
        difflib.unified_diff(change.before.splitlines(keepends=True), wanted.splitlines(keepends=True))
    )
    return Plan(
        steps=(change.step(call(cron.write_cron_file, user=user, path=path), wanted),),
        changes={"diff": diff},
        would=f"The following values are set to be changed:\ndiff: {diff}\n",
        did=f"Crontab for user {user} was updated",
    )


class _Change:
    """A change of one crontab. A user who is not there yet has none."""

    def __init__(self, user: str) -> None:
        self.user = user
        self.before = crontab.read(user) if record.find(user) else ""
        self.tab = Tab.read(self.before)  # to be changed as it is to be

    def step(self, do: Call, after: str) -> Step:
        """Return the step that turns the crontab into `after`."""
        back = call(cron.put_back, user=self.user, before=self.before or None, left=crontab.digest(after))
        return Step(do=do, undo=back)


def _set_plan(change: _Change, do: Call, what: str, name: str, status: str) -> Plan:
    if status == "present":
        return unchanged(f"{what} already present")
    added = status == "new"
    return Plan(
        steps=(change.step(do, change.tab.text()),),
        changes={change.user: name},
        would=f"{what} is set to be {_SETS[status]}",
        did=f"{what} added to {change.user}'s crontab" if added else f"{what} updated",
    )


def _removed_plan(change: _Change, do: Call, what: str, name: str, gone: bool) -> Plan:
    if not gone:
        return unchanged(f"{what} already absent", would=f"{what} is absent")
    return Plan(
        steps=(change.step(do, change.tab.text()),),
        changes={change.user: name},
        would=f"{what} is set to be removed",
        did=f"{what} removed from {change.user}'s crontab",
    )


def _identifier(name: str, given: str | bool) -> str | None:
    if isinstance(given, str):
        return given
    return None if given else name
