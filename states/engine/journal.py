"""What runs have changed, on the disk before they do it: a file of lines for each run, by its job id.

    begin   what was asked for
    intend  a step that is about to be made: its state, how it is undone, or why it cannot be
    made    it was made
    end     the run has ended by itself

`intend` is on the disk before the step is made, so that a power cut leaves no step that nobody knows of. A file is for
the minion's own user only: what a step undoes may be a secret. The newest runs are kept, others go.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from shoal.errors import ModuleError, WireError
from shoal.ids import check_jid
from states.engine.chunk import Chunk
from states.plan import Call, Step

KEPT: Final = 50  # runs
MAX_BYTES: Final = 64 * 1024 * 1024  # of one run
_ENDING: Final = ".jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A step as the journal has it. `made`: False when it is not known whether it was. `reaction`: see apply.py."""

    tag: str
    id: str
    undo: Call | None
    final: str
    made: bool
    reaction: bool = False


@dataclass(slots=True, kw_only=True)
class Recorded:
    """A run as the journal has it, its steps in the order they were made."""

    jid: str
    asked: dict[str, Any]
    steps: list[Written] = field(default_factory=list)
    ended: bool = False


class RunJournal:
    """Writes the journal of one run. The file is made with the first step: a run that changes nothing leaves none."""

    def __init__(self, folder: Path, jid: str, asked: dict[str, Any]) -> None:
        self._folder = folder
        self._path = folder / f"{check_jid(jid)}{_ENDING}"
        self._jid = jid
        self._asked = asked
        self._fd = -1
        self._number = 0

    def intend(self, chunk: Chunk, step: Step, *, reaction: bool) -> None:
        """Write down a step that is about to be made. Raises ModuleError when the disk does not take it."""
        self._number += 1
        undo = step.undo.to_wire() if step.undo is not None else None
        who = {"tag": chunk.tag, "id": chunk.id}
        record = {
            "op": "intend",
            "n": self._number,
            **who,
            "undo": undo,
            "final": step.final,
            "reaction": reaction,
        }
        try:
            if self._fd < 0:
                self._begin()
            self._write(record)
            os.fsync(self._fd)
        except OSError as error:
            raise ModuleError(
                f"the journal of states cannot be written, so nothing is changed: {error.strerror or error}"
            ) from None

    def made(self, chunk: Chunk, step: Step) -> None:
        """Write down that the last step was made."""
        self._write({"op": "made", "n": self._number})

    def end(self) -> None:
        """The run is over."""
        if self._fd >= 0:
            self._write({"op": "end"})
            os.fsync(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _begin(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        forget_old(self._folder, KEPT - 1)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        self._fd = os.open(self._path, flags, 0o600)
        self._write({"op": "begin", "jid": self._jid, "asked": self._asked})

    def _write(self, record: dict[str, Any]) -> None:
        data = json.dumps(record, separators=(",", ":")).encode() + b"\n"
        os.write(self._fd, data)


def recorded(folder: Path, jid: str) -> Recorded:
    """Return a run. Raises ModuleError: there is none, or its file is damaged."""
    try:
        path = folder / f"{check_jid(jid)}{_ENDING}"
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except WireError as error:
        raise ModuleError(str(error)) from None
    except FileNotFoundError:
        raise ModuleError(f"no run of states has the job id {jid}, or it has changed nothing") from None
    return _parsed(jid, data)


def runs(folder: Path) -> list[str]:
    """Return the job ids of the runs that are kept, the oldest first."""
    if not folder.is_dir():
        return []
    return sorted(path.name.removesuffix(_ENDING) for path in folder.glob(f"[0-9]*{_ENDING}"))


def interrupted(folder: Path) -> Iterator[Recorded]:
    """Return the runs that have not ended by themselves."""
    for jid in runs(folder):
        run = recorded(folder, jid)
        if not run.ended:
            yield run


def forget_old(folder: Path, keep: int) -> None:
    """Remove all but the newest runs."""
    for jid in runs(folder)[: -keep or None]:
        (folder / f"{jid}{_ENDING}").unlink(missing_ok=True)


def _parsed(jid: str, data: bytes) -> Recorded:
    run = Recorded(jid=jid, asked={})
    steps: dict[int, dict[str, Any]] = {}
    for line in data.split(b"\n")[:-1]:  # a line that a power cut has cut off has no end, and never counted
        try:
            record = json.loads(line)
            op = record["op"]
            if op == "begin":
                run.asked = dict(record["asked"])
            elif op == "intend":
                steps[int(record["n"])] = {**record, "made": False}
            elif op == "made":
                steps[int(record["n"])]["made"] = True
            elif op == "end":
                run.ended = True
        except (ValueError, KeyError, TypeError):
            raise ModuleError(f"the journal of run {jid} is damaged") from None
    for step in steps.values():
        undo = Call.from_wire(step["undo"]) if step["undo"] is not None else None
        run.steps.append(
            Written(
                tag=step["tag"],
                id=step["id"],
                undo=undo,
                final=step["final"],
                made=step["made"],
                reaction=step.get("reaction") is True,
            )
        )
    return run
