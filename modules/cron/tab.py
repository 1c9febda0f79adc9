"""A crontab as text and as entries, with the marks that Salt writes, so that what Salt made is understood.

1. Above the line `TAG` is what people wrote; it is kept as it is. Below it are jobs, variables and the rest.
2. A job's comment stands in the lines above it; the last of them may end with `SALT_CRON_IDENTIFIER:name`.
3. A job that is switched off has `#DISABLED#` in front.
4. Entries that nobody changes keep their text, odd ones too. Nothing is dropped, nothing is put in order.

Pure: no IO.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

TAG: Final = "# Lines below here are managed by Salt, do not edit"
_IDENTIFIER: Final = "SALT_CRON_IDENTIFIER"
_NO_IDENTIFIER: Final = "NO ID SET"  # what some versions write where there is none
_DISABLED: Final = "#DISABLED#"
_ENV: Final = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*", re.ASCII)
_EDGES: Final = re.compile(r"^[\s#]+|\s+$")
_FIELDS: Final = ("minute", "hour", "daymonth", "month", "dayweek")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job: five times, or one word that begins with @."""

    when: tuple[str, ...]
    cmd: str
    identifier: str | None = None
    comment: str | None = None
    commented: bool = False  # switched off

    @property
    def special(self) -> bool:
        """Whether it has a word in place of the five times."""
        return len(self.when) == 1

    def text(self) -> str:
        """Return the job's lines."""
        about = (self.comment or "").replace("\n", "\n# ")
        if self.identifier:
            about = f"{about} {_IDENTIFIER}:{self.identifier}".strip()
        above = f"# {about}\n" if about else ""
        return f"{above}{_DISABLED if self.commented else ''}{' '.join(self.when)} {self.cmd}"

    def described(self) -> dict[str, Any]:
        """Return the job as `cron.list_tab` does."""
        times = {"spec": self.when[0]} if self.special else dict(zip(_FIELDS, self.when, strict=True))
        return {
            **times,
            "cmd": self.cmd,
            "identifier": self.identifier,
            "comment": self.comment,
            "commented": self.commented,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable of the jobs' environment."""

    name: str
    value: str

    def text(self) -> str:
        """Return the variable's line."""
        return f"{self.name}={self.value}" if self.value else f'{self.name}=""'


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something below the tag: what it means (None: nothing that is known) and its lines."""

    means: Job | Variable | None
    lines: str

    @classmethod
    def of(cls, means: Job | Variable) -> Entry:
        """Return a new entry."""
        return cls(means=means, lines=means.text())


@dataclass(slots=True)
class Tab:
    """A whole crontab."""

    pre: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    @classmethod
    def read(cls, text: str) -> Tab:
        """Return what a crontab says."""
        lines = text.split("\n")
        if lines[-1] == "":
            lines.pop()
        if TAG not in lines:
            return cls(pre=lines)
        at = lines.index(TAG)
        below = [line for line in lines[at + 1 :] if line != TAG]
        return cls(pre=lines[:at], entries=list(_entries(below)))

    def text(self) -> str:
        """Return the crontab; its last line ends as cron wants it."""
        return "".join(f"{line}\n" for line in [*self.pre, TAG, *(each.lines for each in self.entries)])

    def jobs(self) -> Iterator[tuple[int, Job]]:
        """Yield each job and its place in `entries`."""
        for at, each in enumerate(self.entries):
            if isinstance(each.means, Job):
                yield at, each.means

    def variables(self) -> Iterator[tuple[int, Variable]]:
        """Yield each variable and its place in `entries`."""
        for at, each in enumerate(self.entries):
            if isinstance(each.means, Variable):
                yield at, each.means

    def find(self, cmd: str, identifier: str | None, *, special: bool) -> tuple[int, Job] | None:
        """Return the job that is meant and its place.

        That is the one with this identifier, else the one with this command (and, if an identifier is wanted, with
        none yet), of this kind.
        """
        if identifier:
            for at, job in self.jobs():
                if job.identifier == identifier:
                    return at, job
        for at, job in self.jobs():
            if job.cmd == cmd and job.special == special and not (identifier and job.identifier):
                return at, job
        return None

    def add_variable(self, variable: Variable) -> None:
        """Put a new variable above the first job, so that it counts for all."""
        at = next((place for place, _ in self.jobs()), len(self.entries))
        self.entries.insert(at, Entry.of(variable))

    def described(self) -> dict[str, Any]:
        """Return the crontab as `cron.list_tab` does."""
        jobs = [job for _, job in self.jobs()]
        return {
            "pre": list(self.pre),
            "crons": [job.described() for job in jobs if not job.special],
            "special": [job.described() for job in jobs if job.special],
            "env": [{"name": each.name, "value": each.value} for _, each in self.variables()],
        }


def _entries(lines: list[str]) -> Iterator[Entry]:
    above: list[str] = []  # comments that may turn out to be a job's
    for line in lines:
        if line.startswith("#") and not line.startswith(_DISABLED):
            above.append(line)
            continue
        job = _job(line, above)
        if job is None and above:
            yield Entry(means=None, lines="\n".join(above))
        yield Entry(means=job or _variable(line), lines="\n".join([*above, line] if job else [line]))
        above = []
    if above:
        yield Entry(means=None, lines="\n".join(above))


def _job(line: str, above: list[str]) -> Job | None:
    commented = line.startswith(_DISABLED)
    rest = line.removeprefix(_DISABLED).strip()
    times = 1 if rest.startswith("@") else len(_FIELDS)
    words = rest.split(None, times)
    if len(words) <= times or _ENV.fullmatch(rest):
        return None
    comment, identifier = _about(above)
    return Job(
        when=tuple(words[:times]),
        cmd=words[times],
        identifier=identifier,
        comment=comment,
        commented=commented,
    )


def _about(above: list[str]) -> tuple[str | None, str | None]:
    identifier: str | None = None
    texts: list[str] = []
    for line in above:
        text, found, name = line.partition(_IDENTIFIER)
        if found:
            identifier = name[1:].strip() or None
        texts.append(text)
    if identifier == _NO_IDENTIFIER:
        identifier = None
    return as_read("\n".join(texts)), identifier


def as_read(comment: str) -> str | None:
    """Return a comment as it is read back: without marks and space around its lines, None if nothing is left."""
    lines = [_EDGES.sub("", line) for line in comment.split("\n")]
    return "\n".join(lines).strip("\n") or None


def _variable(line: str) -> Variable | None:
    match = _ENV.fullmatch(line)
    if not match:
        return None
    return Variable(name=match[1], value="" if match[2] in ('""', "''") else match[2])
