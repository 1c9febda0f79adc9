"""Setting and removing the jobs of a crontab.

A job is the one with the given identifier. Without one, or if none has it, it is the one with the same command.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

from modules.context import Context
from modules.cron import crontab
from modules.cron.tab import Entry, Job, Tab, as_read
from modules.cron.words import Special, check_about, check_line, check_times, settle
from shoal.errors import ArgumentError
from shoal.functions.function import function

Outcome = Literal["new", "updated", "present"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOptions:
    """What else a job has. None keeps what is there."""

    commented: bool = False  # switched off
    comment: str | None = None
    identifier: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveOptions:
    """Which job is meant, if its command is not enough."""

    minute: str | int | None = None
    hour: str | int | None = None
    daymonth: str | int | None = None
    month: str | int | None = None
    dayweek: str | int | None = None
    identifier: str | None = None

    def fits(self, job: Job) -> bool:
        """Whether the job has the times that are given."""
        times = (self.minute, self.hour, self.daymonth, self.month, self.dayweek)
        return all(given is None or str(given) == own for given, own in zip(times, job.when, strict=True))


_SET: Final = SetOptions()
_REMOVE: Final = RemoveOptions()


@function(replay="safe")
def set_job(  # more parameters than usual: a crontab's line has them in a row, and operators type them so
    ctx: Context,
    user: str,
    minute: str | int,
    hour: str | int,
    daymonth: str | int,
    month: str | int,
    dayweek: str | int,
    cmd: str,
    options: SetOptions = _SET,
) -> str:
    """Set a job in a user's crontab and return `new`, `updated` or `present`.

    `random` stands for a number that stays the same for this job on this box.

    CLI Example:

        shoal '*' cron.set_job root '*' '*' '*' '*' 1 /usr/local/weekly
        shoal '*' cron.set_job root random 3 '*' '*' '*' /usr/local/sbin/backup identifier=backup comment='By night'
    """
    times = check_times((minute, hour, daymonth, month, dayweek))
    return _set(user, times, cmd, options, seed_of(ctx, user, cmd, options.identifier))


@function(replay="safe")
def set_special(ctx: Context, user: str, special: Special, cmd: str, options: SetOptions = _SET) -> str:
    """Set a job that runs at a time with a name, and return `new`, `updated` or `present`.

    CLI Example:

        shoal '*' cron.set_special root @hourly 'echo foobar'
    """
    return _set(user, (special,), cmd, options, "")


@function(replay="safe", aliases=("cron.rm",))
def rm_job(ctx: Context, user: str, cmd: str = "", options: RemoveOptions = _REMOVE) -> str:
    """Remove a job from a user's crontab and return `removed` or `absent`; times that are given must be its own.

    CLI Example:

        shoal '*' cron.rm_job root /usr/local/weekly
        shoal '*' cron.rm_job root /usr/bin/test_cron dayweek=1
        shoal '*' cron.rm_job root identifier=backup
    """
    return _remove(user, cmd, options.identifier, lambda job: not job.special and options.fits(job))


@function(replay="safe")
def rm_special(
    ctx: Context, user: str, cmd: str = "", special: Special | None = None, identifier: str | None = None
) -> str:
    """Remove a job that runs at a time with a name, and return `removed` or `absent`.

    CLI Example:

        shoal '*' cron.rm_special root 'echo foobar'
    """
    return _remove(user, cmd, identifier, lambda job: job.special and special in (None, job.when[0]))


def set_in(tab: Tab, when: tuple[str, ...], cmd: str, options: SetOptions, seed: str) -> Outcome:
    """Put a job into a crontab. Raises ArgumentError."""
    cmd = check_line(cmd, "cmd")
    check_about(options.comment, options.identifier)
    identifier = options.identifier and options.identifier.strip()
    special = len(when) == 1
    found = tab.find(cmd, identifier, special=special)
    before = found[1] if found else None
    if not special:
        when = settle(when, before.when if before and not before.special else None, seed)
    job = _wanted(before or Job(when=when, cmd=cmd), when, cmd, options)
    if job == before:
        return "present"
    if found:
        tab.entries[found[0]] = Entry.of(job)
        return "updated"
    tab.entries.append(Entry.of(job))
    return "new"


def remove_in(tab: Tab, cmd: str, identifier: str | None, fits: Callable[[Job], bool]) -> bool:
    """Take a job out of a crontab; say whether it was in there. Raises ArgumentError."""
    if not cmd and not identifier:
        raise ArgumentError("which job is to be removed? Give its cmd or its identifier")
    for at, job in tab.jobs():
        if _is_meant(job, cmd.strip(), identifier) and fits(job):
            del tab.entries[at]
            return True
    return False


def seed_of(ctx: Context, user: str, cmd: str, identifier: str | None) -> str:
    """Return what `random` is made from: the same for this job on this box."""
    return f"{ctx.minion_id}\0{user}\0{identifier or cmd}"


def _set(user: str, when: tuple[str, ...], cmd: str, options: SetOptions, seed: str) -> str:
    with crontab.one_writer():
        tab = Tab.read(crontab.read(user))
        outcome = set_in(tab, when, cmd, options, seed)
        if outcome != "present":
            crontab.install(user, tab.text())
    return outcome


def _wanted(before: Job, when: tuple[str, ...], cmd: str, options: SetOptions) -> Job:
    return replace(
        before,
        when=when,
        cmd=cmd,
        commented=options.commented,
        identifier=before.identifier if options.identifier is None else options.identifier.strip(),
        comment=before.comment if options.comment is None else as_read(options.comment),
    )


def _remove(user: str, cmd: str, identifier: str | None, fits: Callable[[Job], bool]) -> str:
    with crontab.one_writer():
        tab = Tab.read(crontab.read(user))
        if not remove_in(tab, cmd, identifier, fits):
            return "absent"
        crontab.install(user, tab.text())
    return "removed"


def _is_meant(job: Job, cmd: str, identifier: str | None) -> bool:
    if identifier and job.identifier:
        return job.identifier == identifier.strip()
    return job.cmd == cmd
