"""Reads and tidies the systemd journal by `journalctl`. Every option that comes from outside is one `--name=value`.

Answers are bounded: at most 1000 entries, and what is longer than 4096 bytes journalctl itself leaves out of JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from modules import shell
from modules.context import Context
from shoal.errors import ArgumentError, CommandError, UnavailableError
from shoal.functions.function import function

JOURNALD_RUNS: Final = Path("/run/systemd/journal")
MAX_LINES: Final = 1000
PRIORITIES: Final = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
_TIMEOUT_S: Final = 120.0
_VACUUM_S: Final = 600.0
_MAX_BYTES: Final = 8 * 1024 * 1024  # 1000 entries with all the fields they usually have
_MAX_WORDS: Final = 1000
_FIELDS: Final = "MESSAGE,PRIORITY,SYSLOG_IDENTIFIER,_COMM,_PID,_SYSTEMD_UNIT,UNIT,_BOOT_ID,_HOSTNAME"
_TOO_LONG: Final = "[longer than 4096 bytes, not shown]"
_UNIT: Final = re.compile(r"[A-Za-z0-9:_.\\@*?\[\]!][A-Za-z0-9:_.\\@*?\[\]!-]*", re.ASCII)
_BOOT: Final = re.compile(r"[0-9a-f]{32}([+-]?\d{1,6})?|[+-]?\d{1,6}|all", re.ASCII)
_SIZE: Final = re.compile(r"\d+(\.\d+)?[KMGT]?", re.ASCII)
_SPAN: Final = re.compile(r"(\d+ ?[a-zA-Z]* ?)+", re.ASCII)
_BOOT_LINE: Final = re.compile(r"^\s*(-?\d+)\s+([0-9a-f]{32})\s+(.*)$")
_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC")
_DELETED: Final = re.compile(r"Deleted archived journal (\S+) \(([^)]+)\)")
_FREED: Final = re.compile(r"Vacuuming done, freed (\S+) of archived journals from (\S+?)\.?$")
_UNITS: Final = {"": 1, "B": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40, "P": 2**50}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which entries to return. What is empty does not narrow."""

    unit: str = ""  # a pattern is fine
    since: str = ""  # as journalctl reads it: `-1h`, `yesterday`, `2026-01-31 12:00`
    until: str = ""
    priority: str = ""  # that and what is more urgent, or a range `err..alert`
    grep: str = ""  # regular expression for the message
    identifier: str = ""
    boot: str = ""  # `0` this one, `-1` the one before, or an id
    lines: int = 100  # the last so many
    full: bool = False  # each entry with all its fields, as the journal has them


_EVERYTHING: Final = Query()


@function(replay="safe")
def query(ctx: Context, options: Query = _EVERYTHING) -> list[dict[str, Any]]:
    """Return the last entries of the journal that fit, the oldest first.

    At most 1000. Times are UTC. `grep` ignores case when it has no capital letter.

    CLI Example:

        shoal '*' journal.query unit=ssh lines=20
        shoal '*' journal.query since=-1h priority=warning
        shoal '*' journal.query grep='out of memory' boot=-1
    """
    done = _journalctl(*_filters(options), "--output=json", *_field_words(options.full))
    if done.retcode == 1 and not done.stderr.strip():  # newer ones say so that nothing fits
        return []
    return [raw if options.full else entry(raw) for raw in entries(done.must_succeed().stdout)]


@function(replay="safe")
def disk_usage(ctx: Context) -> dict[str, Any]:
    """Return how much room the journal's files take, in bytes as far as journalctl rounds them.

    CLI Example:

        shoal '*' journal.disk_usage
    """
    text = _journalctl("--disk-usage").must_succeed().stdout.strip()
    match = re.search(r"take up (\d+(?:\.\d+)?[BKMGTP]?)", text)
    if not match:
        raise CommandError(f"journalctl --disk-usage says something else than expected: {text[:200]}")
    return {"size": match[1], "bytes": size_bytes(match[1])}


@function(replay="safe")
def vacuum(ctx: Context, size: str = "", time: str = "") -> dict[str, Any]:
    """Delete the oldest archived files until they take `size` (`200M`) and none is older than `time` (`2weeks`).

    Files that are written to stay: rotate first to have those count as well.

    CLI Example:

        shoal '*' journal.vacuum size=200M
        shoal '*' journal.vacuum time=2weeks
    """
    if not size and not time:
        raise ArgumentError("say how much to keep: size=200M, time=2weeks or both")
    if size and not _SIZE.fullmatch(size):
        raise ArgumentError(f"size must be a number with K, M, G or T after it, not {size!r}")
    if time and not _SPAN.fullmatch(time):
        raise ArgumentError(f"time must be a span such as 10d or 2weeks, not {time!r}")
    words = [f"--vacuum-size={size}"] if size else []
    words += [f"--vacuum-time={time}"] if time else []
    done = _journalctl(*words, quiet=False, timeout_s=_VACUUM_S).must_succeed()
    return vacuumed(done.stderr + done.stdout)


@function(replay="safe")
def boots(ctx: Context) -> list[dict[str, Any]]:
    """List the boots that the journal knows, the oldest first; the present one has index 0.

    CLI Example:

        shoal '*' journal.boots
    """
    return boot_lines(_journalctl("--list-boots", "--utc").must_succeed().stdout)


@function(replay="safe")
def rotate(ctx: Context) -> bool:
    """Let journald close its files and begin new ones.

    CLI Example:

        shoal '*' journal.rotate
    """
    _journalctl("--rotate").must_succeed()
    return True


def entries(text: str) -> Iterator[dict[str, Any]]:
    """Read `--output=json`, one entry a line; a line that was cut is left out."""
    for line in text.splitlines():
        try:
            raw = json.loads(line)
        except ValueError:
            continue
        if isinstance(raw, dict):
            yield {name: _value(value) for name, value in raw.items()}


def entry(raw: dict[str, Any]) -> dict[str, Any]:
    """Return what matters of one entry: time, priority, unit, who and the message."""
    priority = str(raw.get("PRIORITY", ""))
    known = priority.isdigit() and int(priority) < len(PRIORITIES)
    micro = str(raw.get("__REALTIME_TIMESTAMP", ""))
    return {
        "time": _iso(int(micro)) if micro.isdigit() else "",
        "priority": PRIORITIES[int(priority)] if known else "",
        # UNIT is what systemd's own lines are about, _SYSTEMD_UNIT who wrote the line.
        "unit": raw.get("UNIT") or raw.get("_SYSTEMD_UNIT") or "",
        "identifier": raw.get("SYSLOG_IDENTIFIER") or raw.get("_COMM") or "",
        "pid": int(pid) if (pid := str(raw.get("_PID", ""))).isdigit() else None,
        "message": raw.get("MESSAGE", ""),
        "boot": raw.get("_BOOT_ID", ""),
        "host": raw.get("_HOSTNAME", ""),
    }


def boot_lines(text: str) -> list[dict[str, Any]]:
    """Read `--list-boots --utc`: up to 252 with a dash between the times, later a table with a head."""
    found = []
    for match in filter(None, map(_BOOT_LINE.match, text.splitlines())):
        times = [f"{day}T{clock}Z" for day, clock in _MOMENT.findall(match[3])]
        first, last = [*times, "", ""][:2]
        found.append({"index": int(match[1]), "id": match[2], "first": first, "last": last})
    return found


def vacuumed(text: str) -> dict[str, Any]:
    """Read what `--vacuum-…` says: the files that are gone, and how many bytes in each folder."""
    return {
        "deleted": [match[1] for match in _DELETED.finditer(text)],
        "freed": {
            match[2]: size_bytes(match[1]) for match in filter(None, map(_FREED.search, text.splitlines()))
        },
    }


def size_bytes(text: str) -> int:
    """Return the bytes of `0B`, `8.0M` or `1.2G`."""
    number = text.rstrip("BKMGTP")
    return int(float(number) * _UNITS[text[len(number) :][:1]])


def _filters(options: Query) -> list[str]:
    if not 1 <= options.lines <= MAX_LINES:
        raise ArgumentError(f"lines must be 1 to {MAX_LINES}, not {options.lines}; narrow by since and until")
    if options.unit and not _UNIT.fullmatch(options.unit):
        raise ArgumentError(f"{options.unit!r} cannot be the name of a unit")
    if options.boot and not _BOOT.fullmatch(options.boot):
        raise ArgumentError(f"boot must be a number or the id of a boot, not {options.boot!r}")
    for word in options.priority.split("..", 1):
        if options.priority and word not in (*PRIORITIES, *"01234567"):
            raise ArgumentError(f"priority must be 0 to 7 or one of {', '.join(PRIORITIES)}, not {word!r}")
    names = ("unit", "since", "until", "priority", "grep", "identifier", "boot")
    given = {name: getattr(options, name) for name in names}
    for name, value in given.items():
        if len(value) > _MAX_WORDS or "\n" in value:
            raise ArgumentError(f"{name} must be one line of at most {_MAX_WORDS} characters")
    return [f"--lines={options.lines}", *(f"--{name}={value}" for name, value in given.items() if value)]


def _field_words(full: bool) -> tuple[str, ...]:
    return () if full else (f"--output-fields={_FIELDS}",)


def _journalctl(*words: str, quiet: bool = True, timeout_s: float = _TIMEOUT_S) -> shell.Completed:
    if not shell.which("journalctl"):
        raise UnavailableError("journal", "there is no journalctl on the PATH")
    if not JOURNALD_RUNS.is_dir():
        raise UnavailableError("journal", f"journald does not run ({JOURNALD_RUNS} is not there)")
    return shell.run(
        shell.Command(
            argv=("journalctl", "--no-pager", *(("--quiet",) if quiet else ()), *words),
            env={"LC_ALL": "C", "SYSTEMD_COLORS": "0"},
            timeout_s=timeout_s,
            max_bytes=_MAX_BYTES,
        )
    )


def _value(value: Any) -> Any:
    """Return a field as text: bytes that are not UTF-8 come as numbers, a repeated field as a list."""
    if value is None:
        return _TOO_LONG
    if isinstance(value, list):
        if all(isinstance(item, int) for item in value):
            return bytes(item & 0xFF for item in value).decode("utf-8", "backslashreplace")
        return [_value(item) for item in value]
    return value


def _iso(micro: int) -> str:
    moment = datetime.fromtimestamp(micro // 1_000_000, timezone.utc).replace(microsecond=micro % 1_000_000)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
