"""Finds and signals all processes of a job, also those that have left its group.

A job's child leads a session and adopts its strays (`limits.adopt_strays`), so a job is: whoever is in the
session, and whoever descends from it. A process is known by pid and start time, so that a pid that was
given to somebody else in the meantime is left alone.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

_ROUNDS: Final = 5  # a process may start others while it is being looked at


class Proc(NamedTuple):
    """One line of /proc, as far as it matters here."""

    pid: int
    parent: int
    session: int
    state: str
    start: int  # clock ticks since boot


def read(pid: int) -> Proc | None:
    """Return process `pid`, or None if there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    # The name is in parentheses and may itself hold spaces and parentheses.
    rest = text[text.rindex(")") + 2 :].split()
    return Proc(pid, int(rest[1]), int(rest[3]), rest[0], int(rest[19]))


def below(roots: Iterable[int]) -> set[Proc]:
    """Return all living processes that are in `roots`, descend from one or are in its session."""
    everything = [proc for pid in _pids() if (proc := read(pid)) is not None]
    inside = set(roots)
    found: set[Proc] = set()
    growing = True
    while growing:
        growing = False
        for proc in everything:
            if proc not in found and ({proc.pid, proc.parent, proc.session} & inside):
                found.add(proc)
                inside.add(proc.pid)
                growing = True
    return {proc for proc in found if proc.state not in "ZX"}


def send(procs: Iterable[Proc], number: int) -> None:
    """Send signal `number` to each of `procs` that is still the same process, the oldest first.

    Parents before their children: a shell whose command was killed first would go on with the next one.
    """
    for proc in sorted(procs, key=lambda proc: (proc.start, proc.pid)):
        if _same(proc):
            try:
                os.kill(proc.pid, number)
            except OSError:  # gone in between
                pass


def left(known: Iterable[Proc], root: int) -> bool:
    """Return True if any of `known` but `root` itself is still there."""
    return any(proc.pid != root and _same(proc) for proc in known)


def kill(root: int, known: Iterable[Proc] = ()) -> None:
    """Kill everything below `root` and what is left of `known`, the root last: it holds strays together."""
    roots = {proc.pid for proc in known if _same(proc)}
    top = read(root)
    if top is not None:
        send([top], signal.SIGSTOP)  # so that it starts no more
        roots.add(root)
    for _ in range(_ROUNDS):
        others = {proc for proc in below(roots) if proc.pid != root}
        if not others:
            break
        send(others, signal.SIGKILL)
    if top is not None:
        send([top], signal.SIGKILL)


def _same(proc: Proc) -> bool:
    now = read(proc.pid)
    return now is not None and now.start == proc.start and now.state not in "ZX"


def _pids() -> list[int]:
    return [int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit()]
